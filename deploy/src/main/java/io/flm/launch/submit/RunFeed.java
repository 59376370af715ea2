package io.flm.launch.submit;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.flm.coordinator.RunEvent;
import io.flm.coordinator.RunEvent.NotesChanged;
import io.flm.coordinator.RunEvent.Sampled;
import io.flm.coordinator.RunEvent.Stepped;
import io.flm.coordinator.RunEvent.WorkersChanged;
import io.flm.coordinator.RunView;
import io.flm.coordinator.RunView.WorkerView;
import io.flm.launch.console.Json;
import io.flm.worker.AsyncTrainer.Head;
import io.flm.worker.AsyncTrainer.Shares;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A run as it stands, by the stream of events of the node that answers: asked as a whole once in a while, kept up to date by what is told in
 * between. Where no stream can be had, or it says nothing for a while, each look asks. So a look costs a node nothing while the run
 * trains, and a node that is busy is not asked again and again.
 *
 * <p>Looked at by one thread.
 */
public final class RunFeed implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RunFeed.class);
    private static final Duration WHOLE_EACH = Duration.ofSeconds(5); // for rates, and how much time is left
    private static final Duration SILENCE = Duration.ofSeconds(5); // a stream has a comment every 2 s
    private static final Duration PAUSE = Duration.ofSeconds(2); // between two streams
    private static final int MOST_LINE = 16 << 20; // bytes, as of an answer

    private final ControlClient client;
    private final LongSupplier nanoTime;
    private @Nullable RunView view;
    private long askedAt;
    private @Nullable Events stream;
    private long begunAt;

    /** @param nanoTime never goes back */
    public RunFeed(ControlClient client, LongSupplier nanoTime) {
        this.client = client;
        this.nanoTime = nanoTime;
    }

    /**
     * The run as it stands now.
     *
     * @throws ControlClient.Unavailable if it has to be asked for, and nobody answers at present
     */
    public RunView look() {
        RunView known = view;
        Events heard = stream;
        if (heard != null && (heard.isOver() || nanoTime.getAsLong() - heard.heardAt() > SILENCE.toNanos())) {
            heard.close();
            stream = null;
            heard = null;
        }
        if (known != null && heard != null && !heard.isStale() && !isDue(askedAt, WHOLE_EACH)) {
            RunView now = heard.upToDate(known);
            view = now;
            return now;
        }
        view = null;
        if (heard != null) {
            heard.forget(); // what was heard so far is in the answer
        }
        RunView asked = client.get("/run", RunView.class);
        askedAt = nanoTime.getAsLong();
        if (heard == null && (begunAt == 0 || isDue(begunAt, PAUSE))) {
            begunAt = askedAt;
            stream = new Events();
            stream.start();
        }
        view = asked;
        return asked;
    }

    /** After an order: the next look asks, since what the order changed may not have been told yet. */
    public void askAnew() {
        view = null;
    }

    private boolean isDue(long since, Duration each) {
        return nanoTime.getAsLong() - since > each.toNanos();
    }

    @Override
    public void close() {
        Events heard = stream;
        if (heard != null) {
            heard.close();
        }
    }

    /** What a step changes of a run; one that was told late changes nothing. */
    static RunView with(RunView run, Stepped step) {
        if (step.step() + 1 < run.step() && step.generation() <= run.generation()) {
            return run;
        }
        return with(
                run,
                step.step() + 1,
                step.loss(),
                step.heads(),
                step.rates().samplesPerSecond(),
                step.rates().tokensPerSecond(),
                step.rates().shares(),
                run.notes(),
                run.workers());
    }

    private static RunView with(RunView run, List<String> notes, List<WorkerView> workers) {
        return with(
                run,
                run.step(),
                run.loss(),
                run.heads(),
                run.samplesPerSecond(),
                run.tokensPerSecond(),
                run.timeShares(),
                notes,
                workers);
    }

    private static RunView with(
            RunView run,
            long step,
            @Nullable Double loss,
            List<Head> heads,
            double samplesPerSecond,
            double tokensPerSecond,
            @Nullable Shares shares,
            List<String> notes,
            List<WorkerView> workers) {
        return new RunView(
                run.run(),
                run.id(),
                run.state(),
                run.reason(),
                run.generation(),
                step,
                run.totalSteps(),
                loss,
                heads,
                samplesPerSecond,
                tokensPerSecond,
                run.secondsLeft(),
                shares,
                run.minWorkers(),
                run.maxWorkers(),
                run.weightsSha256(),
                run.checkpoint(),
                notes,
                workers);
    }

    /** Those that changed in the place of what they were, by name. */
    static List<WorkerView> with(List<WorkerView> workers, WorkersChanged change) {
        Map<String, WorkerView> all = new TreeMap<>();
        workers.forEach(worker -> all.put(worker.name(), worker));
        change.changed().forEach(worker -> all.put(worker.name(), worker));
        all.keySet().removeAll(change.gone());
        return List.copyOf(all.values());
    }

    /** The events of a node, read on a thread of its own until they end, or it is closed. */
    private final class Events extends Thread {
        private boolean over; // these are guarded by this
        private boolean closed;
        private boolean begun; // it has said how the run stands
        private boolean stale;
        private long heardAt = nanoTime.getAsLong();
        private @Nullable Stepped step;
        private @Nullable NotesChanged notes;
        private final Deque<WorkersChanged> workers = new ArrayDeque<>();
        private @Nullable InputStream opened;

        Events() {
            super("run-feed");
            setDaemon(true);
        }

        @Override
        public void run() {
            try (InputStream events = new BufferedInputStream(client.events())) {
                synchronized (this) {
                    opened = events;
                    if (closed) {
                        return;
                    }
                }
                String type = "";
                for (String line = line(events); line != null; line = line(events)) {
                    synchronized (this) {
                        heardAt = nanoTime.getAsLong();
                    }
                    if (line.startsWith("event: ")) {
                        type = line.substring("event: ".length());
                    } else if (line.startsWith("data: ")) {
                        take(type, line.substring("data: ".length()));
                    }
                }
            } catch (IOException | InterruptedException | RuntimeException e) { // the next look asks
                LOG.debug("no events", e);
            } finally {
                synchronized (this) {
                    over = true;
                }
            }
        }

        private @Nullable String line(InputStream from) throws IOException {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            for (int next = from.read(); next != '\n'; next = from.read()) {
                if (next < 0) {
                    return null;
                }
                if (bytes.size() == MOST_LINE) {
                    throw new IOException("an event of more than " + MOST_LINE + " bytes");
                }
                bytes.write(next);
            }
            return bytes.toString(StandardCharsets.UTF_8);
        }

        /** What changes a run in few words is kept for the next look; of all else that look asks. */
        private void take(String type, String data) {
            RunEvent event = null;
            try {
                event = type.equals("run") ? null : Json.read(data, RunEvent.class);
            } catch (JsonProcessingException e) {
                LOG.debug("an event of another version", e);
            }
            synchronized (this) {
                begun = true;
                if (event instanceof Stepped stepped) {
                    step = stepped;
                } else if (event instanceof NotesChanged changed) {
                    notes = changed;
                } else if (event instanceof WorkersChanged changed) {
                    workers.add(changed);
                } else if (!(event instanceof Sampled)) {
                    stale = true;
                }
            }
        }

        synchronized boolean isOver() {
            return over;
        }

        synchronized long heardAt() {
            return heardAt;
        }

        synchronized boolean isStale() {
            return stale || !begun;
        }

        synchronized void forget() {
            stale = false;
            forgetNews();
        }

        private void forgetNews() {
            step = null;
            notes = null;
            workers.clear();
        }

        synchronized RunView upToDate(RunView known) {
            RunView now = step == null ? known : with(known, step);
            if (notes != null || !workers.isEmpty()) {
                List<WorkerView> all = now.workers();
                for (WorkersChanged change : workers) {
                    all = with(all, change);
                }
                now = with(now, notes == null ? now.notes() : notes.notes(), all);
            }
            forgetNews();
            return now;
        }

        void close() {
            InputStream events;
            synchronized (this) {
                closed = true;
                events = opened;
            }
            interrupt();
            if (events != null) {
                try {
                    events.close();
                } catch (IOException e) {
                    LOG.debug("a stream that had ended", e);
                }
            }
        }
    }
}
