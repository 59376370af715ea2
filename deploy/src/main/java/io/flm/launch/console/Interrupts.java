package io.flm.launch.console;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * Requests to end: Ctrl-C, the system's SIGTERM, and the SIGHUP of a terminal that was closed. The first one asks. A later one
 * ends the process at once, but for SIGHUP, which the shell and the kernel send both, and for what comes right after the first:
 * {@code timeout} and batch systems signal a process and then its group.
 *
 * <p>By reflection, since the compiler warns of the JDK's signal class, the only one there is. A signal that was ignored when the
 * process was started, as {@code nohup} does, stays ignored: the JVM sees to that.
 */
public final class Interrupts {
    /** A request to end. */
    public enum Signal {
        INT("Ctrl-C", 2),
        TERM("SIGTERM", 15),
        HUP("SIGHUP", 1);

        private final String shown;
        private final int number;

        Signal(String shown, int number) {
            this.shown = shown;
            this.number = number;
        }

        /** What users call it. */
        public String shown() {
            return shown;
        }

        /** Of a process that ended by it, as shells have it. */
        public int exitCode() {
            return 128 + number;
        }
    }

    private static final Duration ONE_REQUEST = Duration.ofSeconds(1);

    private final AtomicReference<Request> first = new AtomicReference<>();
    private final LongSupplier nanoTime;

    private record Request(Signal signal, long nanoTime) {}

    private Interrupts(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    /** From now on the first of these signals calls {@code asked} on a thread of its own. */
    public static Interrupts on(List<Signal> signals, LongSupplier nanoTime, Consumer<Signal> asked) {
        Interrupts interrupts = new Interrupts(nanoTime);
        for (Signal signal : signals) {
            handle(signal.name(), () -> {
                if (interrupts.isFirst(signal)) {
                    asked.accept(signal);
                } else if (interrupts.endsAtOnce(signal)) {
                    Runtime.getRuntime().halt(signal.exitCode());
                }
            });
        }
        return interrupts;
    }

    /** Of all signals. */
    public static Interrupts on(LongSupplier nanoTime, Consumer<Signal> asked) {
        return on(List.of(Signal.values()), nanoTime, asked);
    }

    /** From now on these signals mean nothing. */
    public static void ignore(List<Signal> signals) {
        signals.forEach(signal -> handle(signal.name(), () -> {}));
    }

    /** No request: the terminal was made wider or narrower. */
    public static void onResize(Runnable handling) {
        handle("WINCH", handling);
    }

    private boolean isFirst(Signal signal) {
        return first.compareAndSet(null, new Request(signal, nanoTime.getAsLong()));
    }

    private boolean endsAtOnce(Signal signal) {
        Request before = first.get();
        return signal != Signal.HUP
                && before != null
                && nanoTime.getAsLong() - before.nanoTime() > ONE_REQUEST.toNanos();
    }

    private static void handle(String signal, Runnable handling) {
        InvocationHandler handler = (proxy, method, arguments) -> switch (method.getName()) {
            case "handle" -> {
                handling.run();
                yield null;
            }
            case "equals" -> proxy == arguments[0];
            case "hashCode" -> System.identityHashCode(proxy);
            default -> "flm on " + signal;
        };
        try {
            Class<?> signals = Class.forName("sun.misc.Signal");
            Class<?> handlers = Class.forName("sun.misc.SignalHandler");
            Object proxy =
                    Proxy.newProxyInstance(Interrupts.class.getClassLoader(), new Class<?>[] {handlers}, handler);
            signals.getMethod("handle", signals, handlers)
                    .invoke(null, signals.getConstructor(String.class).newInstance(signal), proxy);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("this JDK has no signals", e);
        }
    }

    /** The signal that came first; empty: none has come. */
    public Optional<Signal> asked() {
        return Optional.ofNullable(first.get()).map(Request::signal);
    }
}
