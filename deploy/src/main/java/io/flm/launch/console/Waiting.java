package io.flm.launch.console;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Says what is being waited for, and for how long by now, every few seconds until it is closed: nothing is silent for long. */
public final class Waiting implements AutoCloseable {
    private static final Duration PERIOD = Duration.ofSeconds(3);

    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "waiting");
        thread.setDaemon(true);
        return thread;
    });
    private final ScheduledFuture<?> ticking;
    private final Consumer<String> status;
    private volatile String what = "";

    public Waiting(Consumer<String> say, String what) {
        this(say, what, PERIOD);
    }

    public Waiting(Consumer<String> say, String what, Duration period) {
        this(say, what, period, status -> {});
    }

    private Waiting(Consumer<String> say, String what, Duration period, Consumer<String> status) {
        this.status = status;
        on(what);
        long beganAt = System.nanoTime();
        ticking = timer.scheduleAtFixedRate(
                () -> say.accept(this.what + ": "
                        + Duration.ofNanos(System.nanoTime() - beganAt).toSeconds() + " s so far"),
                period.toNanos(),
                period.toNanos(),
                TimeUnit.NANOSECONDS);
    }

    /** On a terminal the status line says what is being waited for; elsewhere lines do. */
    public static Waiting shown(Screen screen, String what) {
        return new Waiting(screen.isTerminal() ? screen::status : screen::say, what, PERIOD, screen::status);
    }

    /** From now on something else is waited for. */
    public final void on(String next) {
        what = next;
        status.accept(next);
    }

    @Override
    public void close() {
        ticking.cancel(false);
        timer.shutdown();
        status.accept("");
    }
}
