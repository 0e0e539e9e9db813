//! Clients that no one here wrote send the same telemetry straight to one sink and through the agent to another: what
//! arrives must be the same, request by request.

mod pair;
mod python;
