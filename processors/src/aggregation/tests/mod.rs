mod clock;
mod dimensions;
mod exponential;
mod keyed;
mod pace;
mod samples;
