//! The attach protocol: asks a JVM what its counters do not tell, behind every guard.
