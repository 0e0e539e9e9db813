/** Allocates all the time, so that collections happen; the argument is the mebibytes per second. */
public final class Churn {
    static volatile Object sink;

    public static void main(String[] arguments) throws Exception {
        long perTick = Long.parseLong(arguments[0]) * 1024 / 100;
        System.out.println("ready");
        while (true) {
            for (long i = 0; i < perTick; i++) {
                sink = new byte[1024];
            }
            Thread.sleep(10);
        }
    }
}
