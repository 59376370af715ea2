package io.flm.virtual;

import akka.dispatch.DispatcherPrerequisites;
import akka.dispatch.ExecutorServiceConfigurator;
import akka.dispatch.ExecutorServiceFactory;
import com.typesafe.config.Config;
import java.util.List;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;

/** The executor of a dispatcher without threads: turns wait here until somebody takes them, first come, first served. */
final class Turns extends AbstractExecutorService {
    /** By this, Akka finds the turns of a dispatcher. */
    static final class Configurator extends ExecutorServiceConfigurator {
        private final Turns turns;

        /** Called by Akka. */
        public Configurator(Config config, DispatcherPrerequisites prerequisites) {
            super(config, prerequisites);
            turns = VirtualActors.named(config.getString("actors")).turns;
        }

        @Override
        public ExecutorServiceFactory createExecutorServiceFactory(String id, ThreadFactory threads) {
            return new ExecutorServiceFactory() {
                @Override
                public ExecutorService createExecutorService() {
                    return turns;
                }
            };
        }
    }

    private final BlockingQueue<Runnable> queue = new LinkedBlockingQueue<>();

    /** Takes the next turn, if there is one. */
    boolean take() {
        Runnable next = queue.poll();
        if (next != null) {
            next.run();
        }
        return next != null;
    }

    /** Takes the next turn, or waits a little for one. */
    void await(long ms) throws InterruptedException {
        Runnable next = queue.poll(ms, TimeUnit.MILLISECONDS);
        if (next != null) {
            next.run();
        }
    }

    @Override
    public void execute(Runnable turn) {
        queue.add(turn);
    }

    /** Nothing: there are no threads to end. */
    @Override
    public void shutdown() {}

    @Override
    public List<Runnable> shutdownNow() {
        return List.of();
    }

    @Override
    public boolean isShutdown() {
        return false;
    }

    @Override
    public boolean isTerminated() {
        return false;
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) {
        return true;
    }
}
