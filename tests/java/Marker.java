import java.lang.instrument.Instrumentation;

/** A Java agent that leaves a mark: its options in the property that the command <code>property</code> of Probe shows. */
public final class Marker {
    public static void agentmain(String options, Instrumentation instrumentation) {
        System.setProperty("edgewatch.test.agent", "loaded:" + options);
    }
}
