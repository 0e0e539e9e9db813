import java.lang.instrument.Instrumentation;

/** An agent that does nothing but say that it came, or fail when it is told to. */
public final class TestAgent {
    public static void agentmain(String options, Instrumentation instrumentation) {
        System.out.println("agent " + options);
        if ("fail".equals(options)) {
            throw new IllegalStateException("told to fail");
        }
    }
}
