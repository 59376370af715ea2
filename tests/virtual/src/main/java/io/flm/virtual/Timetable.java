package io.flm.virtual;

import akka.actor.AbstractScheduler;
import akka.actor.Cancellable;
import akka.event.LoggingAdapter;
import com.typesafe.config.Config;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import scala.concurrent.ExecutionContext;
import scala.concurrent.duration.FiniteDuration;

/**
 * What is to happen when; of what is due at the same time, first what was entered first. Time is that of the entry at hand. The
 * testkit's manual time cannot be used: each step of it takes 100 ms of real time.
 */
final class Timetable {
    private record Entry(long nanoTime, long order, Runnable task) {}

    /** Akka's timers, entered here. */
    static final class Scheduler extends AbstractScheduler {
        private final Timetable timetable;

        /** Called by Akka. */
        public Scheduler(Config config, LoggingAdapter log, ThreadFactory threads) {
            timetable = VirtualActors.named(config.getString(VirtualActors.NAME)).timetable;
        }

        @Override
        public Cancellable scheduleOnce(FiniteDuration delay, Runnable task, ExecutionContext executor) {
            Timer timer = new Timer(() -> executor.execute(task));
            timetable.enter(delay.toNanos(), timer);
            return timer;
        }

        @Override
        @SuppressWarnings("deprecation") // of Akka, which still asks for it
        public Cancellable schedule(
                FiniteDuration delay, FiniteDuration interval, Runnable task, ExecutionContext executor) {
            return scheduleWithFixedDelay(delay, interval, task, executor);
        }

        @Override
        public double maxFrequency() {
            return TimeUnit.SECONDS.toNanos(1);
        }
    }

    private static final class Timer implements Cancellable, Runnable {
        private final Runnable task;
        private boolean over;

        Timer(Runnable task) {
            this.task = task;
        }

        @Override
        public void run() {
            if (cancel()) {
                task.run();
            }
        }

        @Override
        public synchronized boolean cancel() {
            boolean wasOpen = !over;
            over = true;
            return wasOpen;
        }

        @Override
        public synchronized boolean isCancelled() {
            return over;
        }
    }

    private final PriorityQueue<Entry> entries =
            new PriorityQueue<>(Comparator.comparingLong(Entry::nanoTime).thenComparingLong(Entry::order));
    private long nanoTime;
    private long entered;

    synchronized long nanoTime() {
        return nanoTime;
    }

    /** Other threads of the actor system have timers, too. */
    synchronized void enter(long delayNs, Runnable task) {
        entries.add(new Entry(nanoTime + Math.max(0, delayNs), entered++, task));
    }

    synchronized void clear() {
        entries.clear();
    }

    /** What is due next, until then, which becomes the time; null: nothing more until then, which is the time now. */
    synchronized @Nullable Runnable next(long until) {
        Entry next = entries.peek();
        if (next == null || next.nanoTime() > until) {
            nanoTime = Math.max(nanoTime, until);
            return null;
        }
        entries.remove();
        nanoTime = next.nanoTime();
        return next.task();
    }
}
