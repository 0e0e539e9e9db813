//! The metrics of the receiver: names and units are those of the semantic conventions.

use crate::measuring::metric::metrics;

metrics! {
    /// Metrics of a JVM.
    Metrics {
        class_count: "jvm.class.count", "{class}", UpDownCounter, On, "Number of classes currently loaded.";
        class_loaded: "jvm.class.loaded", "{class}", Counter, On, "Number of classes loaded since JVM start.";
        class_unloaded: "jvm.class.unloaded", "{class}", Counter, On, "Number of classes unloaded since JVM start.";
        cpu_count: "jvm.cpu.count", "{cpu}", UpDownCounter, On,
            "Number of processors available to the Java virtual machine.";
        cpu_utilization: "jvm.cpu.recent_utilization", "1", Gauge, On,
            "Recent CPU utilization for the process as reported by the JVM.";
        cpu_time: "jvm.cpu.time", "s", Counter, On, "CPU time used by the process as reported by the JVM.";
        descriptors: "jvm.file_descriptor.count", "{file_descriptor}", UpDownCounter, On,
            "Number of open file descriptors as reported by the JVM.";
        descriptor_limit: "jvm.file_descriptor.limit", "{file_descriptor}", UpDownCounter, On,
            "Measure of max open file descriptors as reported by the JVM.";
        gc_duration: "jvm.gc.duration", "s", Histogram, On, "Duration of JVM garbage collection actions.";
        memory_committed: "jvm.memory.committed", "By", UpDownCounter, On, "Measure of memory committed.";
        memory_init: "jvm.memory.init", "By", UpDownCounter, Off, "Measure of initial memory requested.";
        memory_limit: "jvm.memory.limit", "By", UpDownCounter, On, "Measure of max obtainable memory.";
        memory_used: "jvm.memory.used", "By", UpDownCounter, On, "Measure of memory used.";
        memory_after: "jvm.memory.used_after_last_gc", "By", UpDownCounter, On,
            "Measure of memory used, as measured after the most recent garbage collection event on this pool.";
        safepoints: "jvm.safepoint.count", "{safepoint}", Counter, On,
            "Number of times that all threads of the JVM were stopped.";
        safepoint_sync_time: "jvm.safepoint.sync_time", "s", Counter, On,
            "Time that it took to stop all threads of the JVM.";
        safepoint_time: "jvm.safepoint.time", "s", Counter, On, "Time that all threads of the JVM stood still.";
        system_load: "jvm.system.cpu.load_1m", "{run_queue_item}", Gauge, Off,
            "Average CPU load of the whole system for the last minute as reported by the JVM.";
        system_utilization: "jvm.system.cpu.utilization", "1", Gauge, Off,
            "Recent CPU utilization for the whole system as reported by the JVM.";
        threads: "jvm.thread.count", "{thread}", UpDownCounter, On, "Number of executing platform threads.";
        uptime: "process.uptime", "s", Gauge, On, "The time the process has been running.";
    }
}
