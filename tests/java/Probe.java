import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.ClassLoadingMXBean;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryUsage;
import java.lang.management.OperatingSystemMXBean;
import java.lang.management.RuntimeMXBean;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/**
 * A program that does what it is told on stdin and says on stdout what its own MXBeans report. Between two commands it holds still: no
 * thread of its own runs and nothing is allocated.
 *
 * <p>Every command is answered by one line: <code>report</code> by JSON, all others by <code>ok</code>. The first line is <code>ready
 * PID</code>, the pid as it sees it.
 */
public final class Probe {
    private static final PrintStream OUT = System.out;
    private static final List<byte[]> KEPT = new ArrayList<>();
    private static final List<ClassLoader> LOADERS = new ArrayList<>();
    private static final CountDownLatch NEVER = new CountDownLatch(1);
    static volatile Object sink;

    public static void main(String[] arguments) throws Exception {
        // Everything that a report loads is loaded before the first comparison.
        json();
        OUT.println("ready " + ManagementFactory.getRuntimeMXBean().getName().split("@")[0]);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.split(" ");
            int number = words.length > 1 ? Integer.parseInt(words[1]) : 0;
            OUT.println(run(words[0], number));
            OUT.flush();
        }
    }

    private static String run(String command, int number) throws Exception {
        switch (command) {
            case "report":
                return json();
            case "allocate": // kibibytes of garbage
                for (int i = 0; i < number; i++) {
                    sink = new byte[1024];
                }
                return "ok";
            case "keep": // kibibytes that stay
                for (int i = 0; i < number; i++) {
                    KEPT.add(new byte[1024]);
                }
                return "ok";
            case "release":
                KEPT.clear();
                return "ok";
            case "gc":
                for (int i = 0; i < number; i++) {
                    System.gc();
                }
                return "ok";
            case "threads":
                start(number, false);
                return "ok";
            case "daemons":
                start(number, true);
                return "ok";
            case "classes":
                for (int i = 0; i < number; i++) {
                    Fresh loader = new Fresh();
                    LOADERS.add(loader);
                    loader.loadClass("Probe$Loaded").getDeclaredConstructor().newInstance();
                }
                return "ok";
            case "forget": // classes, which the next collection unloads
                LOADERS.clear();
                return "ok";
            case "burn": // milliseconds of CPU time
                long end = System.nanoTime() + number * 1_000_000L;
                while (System.nanoTime() < end) {
                    Thread.yield();
                }
                return "ok";
            case "property":
                return String.valueOf(System.getProperty("edgewatch.test.agent"));
            case "quit":
                System.exit(0);
                return "";
            default:
                return "unknown command " + command;
        }
    }

    private static void start(int number, boolean daemon) throws Exception {
        final CountDownLatch started = new CountDownLatch(number);
        for (int i = 0; i < number; i++) {
            Thread thread = new Thread("probe-" + (daemon ? "daemon-" : "thread-") + i) {
                @Override
                public void run() {
                    started.countDown();
                    try {
                        NEVER.await();
                    } catch (InterruptedException end) {
                        // It was asked to end.
                    }
                }
            };
            thread.setDaemon(daemon);
            thread.start();
        }
        started.await();
    }

    /** What is loaded again and again. */
    public static final class Loaded {
        public int number = 1;
    }

    /** Loads {@link Loaded} anew instead of asking its parent. */
    private static final class Fresh extends ClassLoader {
        @Override
        public Class<?> loadClass(String name) throws ClassNotFoundException {
            if (!name.equals("Probe$Loaded")) {
                return super.loadClass(name);
            }
            byte[] bytes = new byte[16384];
            int length = 0;
            try (java.io.InputStream in = Probe.class.getResourceAsStream("Probe$Loaded.class")) {
                for (int read = 0; read >= 0; read = in.read(bytes, length, bytes.length - length)) {
                    length += read;
                }
            } catch (java.io.IOException error) {
                throw new ClassNotFoundException(name, error);
            }
            return defineClass(name, bytes, 0, length);
        }
    }

    private static String json() {
        StringBuilder out = new StringBuilder(8192).append("{\"pools\":{");
        String comma = "";
        for (MemoryPoolMXBean pool : ManagementFactory.getMemoryPoolMXBeans()) {
            out.append(comma).append(quoted(pool.getName())).append(":{\"type\":").append(quoted(pool.getType().name()));
            usage(out.append(",\"usage\":"), pool.getUsage());
            usage(out.append(",\"collection\":"), pool.getCollectionUsage());
            out.append('}');
            comma = ",";
        }
        out.append("},\"collectors\":{");
        comma = "";
        for (GarbageCollectorMXBean collector : ManagementFactory.getGarbageCollectorMXBeans()) {
            out.append(comma).append(quoted(collector.getName()));
            out.append(":{\"count\":").append(collector.getCollectionCount());
            out.append(",\"millis\":").append(collector.getCollectionTime()).append('}');
            comma = ",";
        }
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        out.append("},\"threads\":").append(threads.getThreadCount());
        out.append(",\"daemons\":").append(threads.getDaemonThreadCount());
        ClassLoadingMXBean classes = ManagementFactory.getClassLoadingMXBean();
        out.append(",\"classes\":").append(classes.getLoadedClassCount());
        out.append(",\"loaded\":").append(classes.getTotalLoadedClassCount());
        out.append(",\"unloaded\":").append(classes.getUnloadedClassCount());
        RuntimeMXBean runtime = ManagementFactory.getRuntimeMXBean();
        out.append(",\"start\":").append(runtime.getStartTime());
        out.append(",\"uptime\":").append(runtime.getUptime());
        out.append(",\"version\":").append(quoted(System.getProperty("java.runtime.version")));
        out.append(",\"release\":").append(quoted(System.getProperty("java.version")));
        out.append(",\"name\":").append(quoted(System.getProperty("java.runtime.name")));
        OperatingSystemMXBean system = ManagementFactory.getOperatingSystemMXBean();
        out.append(",\"processors\":").append(system.getAvailableProcessors());
        if (system instanceof com.sun.management.UnixOperatingSystemMXBean) {
            com.sun.management.UnixOperatingSystemMXBean unix = (com.sun.management.UnixOperatingSystemMXBean) system;
            out.append(",\"cpu_nanos\":").append(unix.getProcessCpuTime());
            out.append(",\"descriptors\":").append(unix.getOpenFileDescriptorCount());
            out.append(",\"descriptor_limit\":").append(unix.getMaxFileDescriptorCount());
        }
        return out.append('}').toString();
    }

    private static void usage(StringBuilder out, MemoryUsage usage) {
        if (usage == null) {
            out.append("null");
            return;
        }
        out.append("{\"init\":").append(usage.getInit()).append(",\"used\":").append(usage.getUsed());
        out.append(",\"committed\":").append(usage.getCommitted()).append(",\"max\":").append(usage.getMax()).append('}');
    }

    private static String quoted(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }
}
