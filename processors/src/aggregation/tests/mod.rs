mod clock;
mod dimensions;
mod exponential;
mod keyed;
mod samples;
