package io.flm.launch;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Ctrl-C and the system's request to end: the first asks, the second ends the process at once. By reflection, since the
 * compiler warns of the JDK's signal class, the only one there is.
 */
final class Interrupts {
    private final AtomicBoolean asked = new AtomicBoolean();

    private Interrupts() {}

    /** From now on the first signal calls {@code first} on a thread of its own. */
    static Interrupts on(Runnable first) {
        return on(List.of("INT", "TERM"), first);
    }

    /** Only of these signals. */
    static Interrupts on(List<String> signals, Runnable first) {
        Interrupts interrupts = new Interrupts();
        handle(signals, () -> {
            if (interrupts.asked.getAndSet(true)) {
                Runtime.getRuntime().halt(Failure.INTERRUPTED);
            }
            first.run();
        });
        return interrupts;
    }

    /** From now on this signal means nothing. */
    static void ignore(String signal) {
        handle(List.of(signal), () -> {});
    }

    private static void handle(List<String> signals, Runnable handling) {
        InvocationHandler handler = (proxy, method, arguments) -> switch (method.getName()) {
            case "handle" -> {
                handling.run();
                yield null;
            }
            case "equals" -> proxy == arguments[0];
            case "hashCode" -> System.identityHashCode(proxy);
            default -> "Ctrl-C of flm";
        };
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handlers = Class.forName("sun.misc.SignalHandler");
            Object proxy =
                    Proxy.newProxyInstance(Interrupts.class.getClassLoader(), new Class<?>[] {handlers}, handler);
            for (String name : signals) {
                signal.getMethod("handle", signal, handlers)
                        .invoke(null, signal.getConstructor(String.class).newInstance(name), proxy);
            }
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("this JDK has no signals", e);
        }
    }

    /** Whether a signal has come. */
    boolean asked() {
        return asked.get();
    }
}
