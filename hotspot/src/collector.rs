//! Which garbage collector a JVM runs, and what its counters mean: memory pools and collections under their JMX names.

/// The garbage collectors of HotSpot.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Collector {
    /// `-XX:+UseG1GC`.
    G1,
    /// `-XX:+UseParallelGC`.
    Parallel,
    /// `-XX:+UseSerialGC`.
    Serial,
    /// `-XX:+UseConcMarkSweepGC`, up to JDK 13.
    Cms,
    /// `-XX:+UseZGC` without generations: up to JDK 20, and 21 to 23 unless asked for.
    Z,
    /// `-XX:+UseZGC` with generations.
    GenerationalZ,
    /// `-XX:+UseShenandoahGC`.
    Shenandoah,
    /// `-XX:+UseEpsilonGC`: none.
    Epsilon,
}
