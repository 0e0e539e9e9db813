//! Clients that no one here wrote send the same telemetry straight to one sink and through the agent to another: what
//! arrives must be the same, request by request.

mod curl;
mod pair;
mod python;
mod rust;
mod rust_telemetry;
mod unknown_fields;
