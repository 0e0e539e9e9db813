/** Does nothing until it is killed. */
public final class Idle {
    public static void main(String[] arguments) throws Exception {
        System.out.println("ready");
        new java.util.concurrent.CountDownLatch(1).await();
    }
}
