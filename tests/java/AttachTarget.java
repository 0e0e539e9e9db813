import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryUsage;
import java.util.ArrayList;
import java.util.List;

/**
 * A JVM to speak to. Prints "ready", then answers one line of standard input at a time and ends with it:
 * "pools" prints the memory pools as its own MXBeans see them, "gc" collects, "threads" prints how many there are. Every answer ends with
 * the line "end". Anything else on standard output comes from the JVM itself.
 */
public final class AttachTarget {
    private static final List<byte[]> KEPT = new ArrayList<>();

    public static void main(String[] arguments) throws Exception {
        int kept = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 4;
        for (int i = 0; i < kept; i++) {
            KEPT.add(new byte[1 << 20]);
        }
        int threads = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 0;
        for (int i = 0; i < threads; i++) {
            Thread thread = new Thread(() -> deep(60), "idle-" + i);
            thread.setDaemon(true);
            thread.start();
        }
        System.out.println("ready");
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            switch (line) {
                case "pools":
                    pools();
                    break;
                case "gc":
                    System.gc();
                    break;
                case "threads":
                    System.out.println(ManagementFactory.getThreadMXBean().getThreadCount());
                    break;
                default:
                    break;
            }
            System.out.println("end");
        }
    }

    private static void pools() {
        for (MemoryPoolMXBean pool : ManagementFactory.getMemoryPoolMXBeans()) {
            MemoryUsage usage = pool.getUsage();
            System.out.println(pool.getName() + "|" + usage.getUsed() + "|" + usage.getCommitted() + "|" + usage.getMax());
        }
    }

    private static void deep(int frames) {
        if (frames > 0) {
            deep(frames - 1);
            return;
        }
        synchronized (AttachTarget.class) {
            try {
                AttachTarget.class.wait();
            } catch (InterruptedException over) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
