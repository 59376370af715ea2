package io.flm.launch.run;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.flm.coordinator.RunView;
import io.flm.coordinator.RunView.WorkerView;
import io.flm.data.SmallFile;
import io.flm.launch.config.Configuration;
import io.flm.launch.console.Program;
import io.flm.launch.files.PlainFile;
import io.flm.worker.train.Tasks;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code status.json} in a run's folder: the run as the command that follows it has last seen it, for those who ask when no node
 * is there any more, or none yet.
 */
public final class LastStatus {
    private static final Logger LOG = LoggerFactory.getLogger(LastStatus.class);
    private static final int MOST_BYTES = 4 << 20; // a thousand workers take one
    private static final ObjectMapper JSON = JsonMapper.builder()
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    /** The field that says how many processes trained the run; none: one. */
    private static final String NODES = "nodes";

    private static final int IN_A_CLUSTER = 0;
    private static final String STOPPED = "stopped";

    private LastStatus() {}

    /**
     * Replaces what was there. A run does not fail for want of it.
     *
     * @param processes that train it, started by its command; 0: it trains on a cluster that is up. No addresses are kept: a folder
     *     that somebody else may have written does not say whom this user's program speaks to
     */
    public static void write(Path folder, RunView view, int processes) {
        Path file = RunFiles.statusOf(folder);
        ObjectNode kept = JSON.valueToTree(view);
        if (processes != 1) {
            kept.put(NODES, processes);
        }
        try {
            PlainFile.replace(file, kept + "\n");
        } catch (IOException e) {
            LOG.info("{}: cannot be written", file, e);
        }
    }

    /** The run as it stood when its command was started; of a new one nothing is known yet. */
    public static RunView starting(Path folder, String run, long totalSteps) {
        String reason = "its nodes are being started";
        return read(folder)
                .map(last -> as(last, "starting", reason))
                .orElseGet(() -> view(run, "starting", reason, totalSteps));
    }

    private static RunView view(String run, String state, String reason, long totalSteps) {
        return new RunView(
                run,
                "",
                state,
                reason,
                0,
                0,
                totalSteps,
                null,
                List.of(),
                0,
                0,
                null,
                null,
                0,
                0,
                null,
                null,
                List.of(),
                List.of());
    }

    /**
     * How many workers trained the run when it was last seen. A run that has ended has no members any more: then those that have run lanes
     * and hold its last step, which spare and drained ones do not.
     *
     * @return 0: not known
     */
    public static int members(Path folder) {
        List<WorkerView> workers = read(folder).map(RunView::workers).orElse(List.of());
        long members = workers.stream().filter(w -> w.rank() >= 0).count();
        if (members > 0) {
            return (int) members;
        }
        long last = workers.stream().mapToLong(WorkerView::steps).max().orElse(0);
        return (int) workers.stream()
                .filter(w -> w.laneMs() > 0 && w.steps() == last)
                .count();
    }

    /** Whether a command follows the run at present. */
    public static boolean isFollowed(Path folder) {
        return RunLock.isHeld(folder);
    }

    /**
     * How a run stands of which no node answers: as it ended, as far as it came where it was stopped or its command ended without a
     * word, or that it is being started or ended.
     */
    public static RunView of(Path folder) {
        RunView seen = seen(folder);
        return seen.state().equals(STOPPED)
                ? as(seen, STOPPED, seen.reason() + "; go on with " + Program.hint(resumption(folder)))
                : seen;
    }

    /** The same without the command that goes on with the run, which says where its folder is: for those who read from elsewhere. */
    static RunView seen(Path folder) {
        RunView last = read(folder).orElse(null);
        String name = String.valueOf(folder.getFileName());
        if (last != null && last.ended()) {
            return last.endedEarly() ? as(last, STOPPED, last.reason()) : last;
        }
        if (isFollowed(folder)) {
            return last == null ? view(name, "starting", "no node of it answers yet", 0) : last;
        }
        String how = last == null || last.state().equals("starting")
                ? "its command ended before it was seen to train"
                : "its command ended without a word while it was " + last.state();
        return as(last == null ? view(name, "", "", 0) : last, STOPPED, how);
    }

    /** The arguments of the command that goes on with the run. */
    public static List<String> resumption(Path folder) {
        String command = isFineTuning(folder) ? "finetune" : "pretrain";
        List<String> arguments = new ArrayList<>(List.of(command, "--run", folder.toString(), "--resume"));
        JsonNode nodes = tree(folder).map(tree -> tree.get(NODES)).orElse(null);
        if (nodes != null && nodes.isInt()) {
            boolean cluster = nodes.asInt() == IN_A_CLUSTER;
            arguments.addAll(cluster ? List.of("--cluster", "HOST:PORT") : List.of("--nodes", nodes.asText()));
        }
        return arguments;
    }

    private static boolean isFineTuning(Path folder) {
        try {
            return Tasks.of(Configuration.builder()
                            .run(RunFiles.configurationOf(folder), note -> {})
                            .build()
                            .config())
                    .isPresent();
        } catch (RuntimeException e) { // odd in whatever way: the command that goes on with it says what it is
            return false;
        }
    }

    private static RunView as(RunView last, String state, String reason) {
        return new RunView(
                last.run(),
                last.id(),
                state,
                reason,
                last.generation(),
                last.step(),
                last.totalSteps(),
                last.loss(),
                last.heads(),
                0,
                0,
                null,
                null,
                last.minWorkers(),
                last.maxWorkers(),
                last.weightsSha256(),
                last.checkpoint(),
                last.notes(),
                List.of());
    }

    private static Optional<RunView> read(Path folder) {
        try {
            @Nullable RunView view = JSON.treeToValue(tree(folder).orElse(null), RunView.class);
            return Optional.ofNullable(view).filter(LastStatus::isWhole);
        } catch (IOException | RuntimeException e) {
            LOG.info("{}: no status", RunFiles.statusOf(folder), e);
            return Optional.empty();
        }
    }

    /** Of a folder that may be somebody else's. */
    private static Optional<JsonNode> tree(Path folder) {
        Path file = RunFiles.statusOf(folder);
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            return Optional.empty();
        }
        try {
            return Optional.ofNullable(JSON.readTree(SmallFile.read(file, MOST_BYTES)));
        } catch (IOException | RuntimeException e) {
            LOG.info("{}: no status", file, e);
            return Optional.empty();
        }
    }

    /** JSON may lack anything. */
    private static boolean isWhole(RunView view) {
        return Stream.of(view.run(), view.id(), view.state(), view.reason()).allMatch(Objects::nonNull)
                && view.workers().stream()
                        .allMatch(w -> Stream.of(w.name(), w.node(), w.device(), w.state(), w.lanes(), w.reason())
                                .allMatch(Objects::nonNull))
                && view.heads().stream().allMatch(head -> head.name() != null)
                && (view.checkpoint() == null
                        || (view.checkpoint().path() != null
                                && view.checkpoint().worker() != null));
    }
}
