package io.flm.launch.compare;

import io.flm.launch.console.Failure;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Does the cells of a plan, as many at once as there are places, until all are done, what is left has failed, or it is stopped. */
final class Comparison {
    private static final Logger LOG = LoggerFactory.getLogger(Comparison.class);
    private static final int POLL_MS = 500;
    private static final String TRIAL = "trial"; // the kind of the pretrainings that tune

    private final Plan plan;
    private final Results results;
    private final CellRunner runner;
    private final int parallel;
    private final LongSupplier nanoTime;
    private final Screen screen;

    private final Map<String, Integer> running = new LinkedHashMap<>(); // the slot of each
    private final Map<String, String> failed = new LinkedHashMap<>(); // why
    private final List<Thread> threads = new ArrayList<>();
    private boolean stopped;
    private @Nullable Throwable fault; // of the program, or of the comparison's own folder

    /** What is told. */
    interface Screen {
        /** A sentence. */
        void say(String sentence);

        /** How it stands, in the place of how it stood. */
        void status(String line);
    }

    /**
     * What became of it.
     *
     * @param failed why, by the key of the cell
     * @param left cells that are not done
     */
    record Outcome(Map<String, String> failed, int left, boolean stopped) {}

    /** @param results holds those of earlier starts */
    Comparison(Plan plan, Results results, CellRunner runner, int parallel, LongSupplier nanoTime, Screen screen) {
        this.plan = plan;
        this.results = results;
        this.runner = runner;
        this.parallel = parallel;
        this.nanoTime = nanoTime;
        this.screen = screen;
    }

    /**
     * Runs until nothing can be begun and nothing runs.
     *
     * @param changed is told, on this thread, whenever cells have ended
     */
    Outcome run(Consumer<Results> changed) throws InterruptedException {
        int all = plan.cells().size();
        int done = results.done().size();
        screen.say(all + " cells (" + plan.counts() + "), " + done + " of them done"
                + (done == all ? "" : "; " + estimate()));
        int before = -1;
        while (true) {
            int ended;
            synchronized (this) {
                begin();
                if (running.isEmpty()) {
                    break;
                }
                screen.status(status());
                wait(POLL_MS);
                ended = results.done().size() + failed.size();
            }
            if (before >= 0 && ended != before) {
                changed.accept(results);
            }
            before = ended;
        }
        for (Thread thread : threads) {
            thread.join();
        }
        screen.status("");
        synchronized (this) {
            if (fault instanceof RuntimeException e) {
                throw e;
            }
            if (fault != null) {
                throw new IllegalStateException(fault);
            }
            return new Outcome(Map.copyOf(failed), all - results.done().size(), stopped);
        }
    }

    /** Lets all that runs end, so that it can be gone on with; nothing else is begun. Called by any thread. */
    void stop() {
        synchronized (this) {
            stopped = true;
        }
        runner.stop();
    }

    private void begin() {
        while (!stopped && fault == null && running.size() < parallel) {
            Optional<Cell> next = plan.next(results.done(), failed.keySet(), running.keySet());
            if (next.isEmpty()) {
                return;
            }
            Cell cell = next.get();
            int slot = freeSlot();
            running.put(cell.key(), slot);
            Thread thread = new Thread(() -> work(cell, slot), "cell-" + cell.key());
            threads.removeIf(old -> !old.isAlive());
            threads.add(thread);
            thread.start();
        }
    }

    private int freeSlot() {
        Set<Integer> free = new TreeSet<>();
        for (int slot = 0; slot < parallel; slot++) {
            free.add(slot);
        }
        free.removeAll(new HashSet<>(running.values()));
        return free.iterator().next();
    }

    private void work(Cell cell, int slot) {
        String key = cell.key();
        long beganAt = nanoTime.getAsLong();
        try {
            Map<String, @Nullable Object> result = new LinkedHashMap<>(runner.run(cell, results, slot));
            double seconds = (nanoTime.getAsLong() - beganAt) / 1e9;
            result.put("seconds", seconds);
            results.put(key, result);
            runner.kept(cell, results);
            screen.say(String.format(Locale.ROOT, "%s: done in %.0f s; %s", key, seconds, stand()));
        } catch (CellFailure e) {
            fail(key, String.valueOf(e.getMessage()));
        } catch (InterruptedException e) {
            LOG.info("{}: stopped", key);
        } catch (RuntimeException | Error e) {
            LOG.error("{}", key, e);
            if (Failure.of(e).internal()) {
                synchronized (this) {
                    fault = e;
                }
            } else {
                fail(key, Failure.of(e).line());
            }
        } finally {
            synchronized (this) {
                running.remove(key);
                notifyAll();
            }
        }
    }

    private void fail(String key, String why) {
        synchronized (this) {
            if (stopped) {
                return;
            }
            failed.put(key, why);
        }
        screen.say(key + ": failed: " + why);
    }

    /** What is known of the time before any cell runs. */
    private String estimate() {
        OptionalLong left = secondsLeft(plan, results, parallel);
        if (left.isPresent()) {
            return "about " + shown(Duration.ofSeconds(left.getAsLong())) + " left";
        }
        Budget pretraining = plan.pretraining();
        return pretraining.unit() == Budget.Unit.SECONDS
                ? "about " + shown(Duration.ofSeconds(Math.round(pretraining.amount() / parallel)))
                        + " of pretraining in all; what starts, fine-tunings and scores add is told after the first of each"
                : pretraining + " of pretraining in all; how long that takes is told after the first cell of each kind";
    }

    private String status() {
        return String.format(
                Locale.ROOT,
                "%s; running: %s",
                stand(),
                running.keySet().stream().map(this::runs).collect(Collectors.joining(", ")));
    }

    private String runs(String key) {
        String said = plan.cells().stream()
                .filter(cell -> cell.key().equals(key))
                .findFirst()
                .map(runner::lastSaid)
                .orElse("");
        return said.isEmpty() ? key : key + " (" + said + ")";
    }

    /** How much is done and left. */
    private synchronized String stand() {
        return String.format(
                Locale.ROOT,
                "%d of %d cells done%s%s",
                results.done().size(),
                plan.cells().size(),
                failed.isEmpty() ? "" : ", " + failed.size() + " failed",
                secondsLeft(plan, results, parallel).stream()
                        .filter(left -> left > 0)
                        .mapToObj(left -> ", about " + shown(Duration.ofSeconds(left)) + " left")
                        .collect(Collectors.joining()));
    }

    /**
     * How long the cells that are not done take, if each takes the mean of those of its kind; empty: of some kind none is done yet. A
     * trial is a kind of its own, and tells of a pretraining by its share of the budget.
     */
    static OptionalLong secondsLeft(Plan plan, Results results, int parallel) {
        Map<String, double[]> taken = new HashMap<>(); // sum and number by kind
        List<Cell> left = new ArrayList<>();
        for (Cell cell : plan.cells()) {
            double seconds = results.find(cell.key())
                    .map(result -> result.path("seconds").asDouble())
                    .orElse(-1.0);
            if (seconds < 0) {
                left.add(cell);
            } else {
                double[] sum = taken.computeIfAbsent(kind(cell), kind -> new double[2]);
                sum[0] += seconds;
                sum[1]++;
            }
        }
        double seconds = 0;
        for (Cell cell : left) {
            double[] sum = taken.get(kind(cell));
            if (sum != null) {
                seconds += sum[0] / sum[1];
                continue;
            }
            double[] trials = taken.get(TRIAL);
            if (cell.kind() != Cell.Kind.PRETRAIN || trials == null) {
                return OptionalLong.empty();
            }
            seconds += trials[0] / trials[1] / plan.tuneShare();
        }
        return OptionalLong.of(Math.round(seconds / parallel));
    }

    private static String kind(Cell cell) {
        boolean trial = cell instanceof Cell.Pretrain pretrain && pretrain.trial() != null;
        String task = cell instanceof Cell.Score score ? score.task().name() : "";
        String tuned = cell instanceof Cell.Finetune finetune ? finetune.task().name() : "";
        return trial ? TRIAL : cell.kind().word() + " " + task + tuned;
    }

    private static String shown(Duration time) {
        long minutes = time.toMinutes();
        return minutes >= 120 ? (minutes + 30) / 60 + " h" : minutes >= 2 ? minutes + " min" : time.toSeconds() + " s";
    }
}
