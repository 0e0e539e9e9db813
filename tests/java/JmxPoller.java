import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import javax.management.MBeanServerConnection;
import javax.management.ObjectName;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;

/**
 * The usual way: a second JVM that asks the first one over JMX for what Edgewatch reads from its counters, every so many seconds.
 * Arguments: port, seconds. It sends nothing anywhere, so that what it costs is a lower bound for every sidecar.
 */
public final class JmxPoller {
    public static void main(String[] arguments) throws Exception {
        JMXServiceURL url = new JMXServiceURL("service:jmx:rmi:///jndi/rmi://127.0.0.1:" + arguments[0] + "/jmxrmi");
        long interval = Long.parseLong(arguments[1]) * 1000;
        try (JMXConnector connector = JMXConnectorFactory.connect(url)) {
            MBeanServerConnection server = connector.getMBeanServerConnection();
            for (boolean first = true; true; first = false) {
                long values = poll(server);
                if (first) {
                    System.out.println("ready " + values);
                }
                Thread.sleep(interval);
            }
        }
    }

    private static long poll(MBeanServerConnection server) throws Exception {
        long values = 0;
        for (MemoryPoolMXBean pool : ManagementFactory.getPlatformMXBeans(server, MemoryPoolMXBean.class)) {
            values += pool.getUsage() == null ? 0 : 4;
            values += pool.getCollectionUsage() == null ? 0 : 1;
        }
        for (GarbageCollectorMXBean collector : ManagementFactory.getPlatformMXBeans(server, GarbageCollectorMXBean.class)) {
            values += collector.getCollectionCount() < 0 ? 0 : 2;
            values += collector.getCollectionTime() < 0 ? 0 : 0;
        }
        values += attributes(server, "java.lang:type=Threading", "ThreadCount", "DaemonThreadCount");
        values += attributes(
            server, "java.lang:type=ClassLoading", "LoadedClassCount", "TotalLoadedClassCount", "UnloadedClassCount");
        values += attributes(server, "java.lang:type=Runtime", "Uptime");
        values += attributes(
            server, "java.lang:type=OperatingSystem", "ProcessCpuTime", "AvailableProcessors", "OpenFileDescriptorCount",
            "MaxFileDescriptorCount");
        return values;
    }

    private static long attributes(MBeanServerConnection server, String bean, String... names) throws Exception {
        return server.getAttributes(new ObjectName(bean), names).size();
    }
}
