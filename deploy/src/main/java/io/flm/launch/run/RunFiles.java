package io.flm.launch.run;

import io.flm.data.FileErrors;
import io.flm.data.FileTree;
import io.flm.data.SmallFile;
import io.flm.data.UserException;
import io.flm.data.WriteErrors;
import io.flm.launch.config.Configuration;
import io.flm.launch.console.Program;
import io.flm.launch.files.PlainFile;
import io.flm.worker.RunPlan;
import io.flm.worker.checkpoint.CheckpointStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A run's folder. This class owns it: it makes, locks and takes it, knows what may lie in it, and removes it where nothing came of the
 * run. What a part holds is known by its writer, which is this class where none is named:
 *
 * <pre>
 * lock             RunLock          held by the command that trains
 * effective.conf                    the configuration, each value with its origin; makes the folder a run's
 * plan                              which submission it belongs to
 * initial-weights.txt               what became of each tensor of the files that the run began with
 * changes                           what changed the weights since which step, where it was resumed with other settings or data
 * checkpoints/     CheckpointStore  weights and moments
 * metrics.jsonl    MetricsLog       one line a step
 * generations.jsonl GenerationLog  the coordinator's generations, with their causes
 * samples.jsonl    SampleLog        held-out samples and what the weights said of them, where flm.evaluate.every is on
 * tensorboard/     TensorBoardLog   the same for TensorBoard, where flm.run.tensorboard is on
 * nodes/           NodeFiles        how each node that works here is reached, and its log
 * status.json      LastStatus       how the run stood when its command last looked
 * held-out.*       LastEvaluation   what held-out data say of it at the end
 * flm.log          LogFiles         what happened
 * </pre>
 */
public final class RunFiles implements AutoCloseable {
    private static final int MOST_OWNER_BYTES = 1024;

    /** What became of each tensor of {@code flm.model.init}. */
    public static final String INITIAL_WEIGHTS = "initial-weights.txt";

    static final Set<String> FOLDERS = Set.of(CheckpointStore.FOLDER, "nodes", "tensorboard");
    static final Set<String> FILES = Set.of(
            RunLock.NAME,
            "effective.conf",
            "changes",
            INITIAL_WEIGHTS,
            "plan",
            "metrics.jsonl",
            "samples.jsonl",
            "generations.jsonl",
            "status.json",
            "flm.log",
            "held-out.json",
            "held-out.html");

    /** What there was of the folder before. */
    private enum Before {
        NOTHING,
        AN_EMPTY_FOLDER,
        A_RUN
    }

    private final RunLock lock;
    private final Before before;

    private RunFiles(RunLock lock, Before before) {
        this.lock = lock;
        this.before = before;
    }

    public Path path() {
        return lock.folder();
    }

    public Path configuration() {
        return configurationOf(path());
    }

    public static Path metricsOf(Path folder) {
        return folder.resolve("metrics.jsonl");
    }

    /** Whether it holds figures of any step. */
    public static boolean hasSteps(Path folder) {
        return metricsOf(folder).toFile().length() > 0;
    }

    public static Path generationsOf(Path folder) {
        return folder.resolve("generations.jsonl");
    }

    public static Path samplesOf(Path folder) {
        return folder.resolve("samples.jsonl");
    }

    public static Path tensorBoardOf(Path folder) {
        return folder.resolve("tensorboard");
    }

    static Path statusOf(Path folder) {
        return folder.resolve("status.json");
    }

    public Path log() {
        return path().resolve("flm.log");
    }

    public static Path configurationOf(Path folder) {
        return folder.resolve("effective.conf");
    }

    /** Whether a folder holds a run. */
    public static boolean isRun(Path folder) {
        return Files.isRegularFile(configurationOf(folder), LinkOption.NOFOLLOW_LINKS);
    }

    /** The run that a checkpoint's folder lies in; null where it was moved elsewhere. */
    public static @Nullable Path runOf(Path checkpoint) {
        Path checkpoints = checkpoint.getParent();
        Path run = checkpoints == null ? null : checkpoints.getParent();
        return run != null && isRun(run) ? run : null;
    }

    /**
     * Looks at a run's folder before anything of it is read or written: it may be somebody else's, or have come in an archive. A
     * link in it would let a run add to, replace or delete files elsewhere, and a pipe would let it wait for ever. The folder itself
     * may be a link, which the user named. Who puts a link there later finds that {@link PlainFile} follows none.
     *
     * @throws UserException naming what is not a run's own file or folder
     */
    public static void requireOwnParts(Path folder) {
        for (String name : FILES) {
            Path file = folder.resolve(name);
            if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)
                    && !Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
                throw notOwn(file, "file");
            }
        }
        for (String name : FOLDERS) {
            Path part = folder.resolve(name);
            if (Files.exists(part, LinkOption.NOFOLLOW_LINKS) && !Files.isDirectory(part, LinkOption.NOFOLLOW_LINKS)) {
                throw notOwn(part, "folder");
            }
        }
    }

    private static UserException notOwn(Path part, String kind) {
        return new UserException(part + (Files.isSymbolicLink(part) ? ": is a link" : ": is no " + kind)
                + ", and a run reads and writes nothing outside of its folder; put the " + kind
                + " itself there, or choose another --run");
    }

    /**
     * Takes a folder for a run that was submitted to this node, or finds that it has it already: nodes may share one.
     *
     * @throws UserException where it holds another run
     */
    public static void belongTo(Path folder, RunPlan plan, Configuration configuration) {
        requireOwnParts(folder);
        Path owner = folder.resolve("plan");
        try {
            boolean ours = Files.isRegularFile(owner)
                    && Files.size(owner) <= MOST_OWNER_BYTES // else it is no submission's
                    && new String(SmallFile.read(owner, MOST_OWNER_BYTES), StandardCharsets.UTF_8)
                            .strip()
                            .equals(plan.id());
            if (!ours && !plan.resume() && Files.exists(folder.resolve(CheckpointStore.FOLDER))) {
                throw new UserException(folder + ": holds another run of the name " + plan.run()
                        + "; resume that with --resume, or give this one another name");
            }
            Files.createDirectories(folder);
            PlainFile.replace(owner, plan.id() + "\n");
            if (!isRun(folder)) {
                PlainFile.replace(configurationOf(folder), configuration.render());
            }
        } catch (IOException e) {
            throw WriteErrors.of(folder, e, "no run can be kept there; give the node another --run");
        }
    }

    /** Writes down since which steps the weights follow other settings or data than before. */
    public static void tellChanges(Path folder, List<String> changes) {
        Path file = folder.resolve("changes");
        try {
            PlainFile.replace(file, String.join("\n", changes) + "\n");
        } catch (IOException e) {
            throw WriteErrors.of(file, e, "look at the run's folder, or choose another --run");
        }
    }

    /** Writes one of the folder's files whole. */
    public static void write(Path file, String text) {
        try {
            PlainFile.replace(file, text);
        } catch (IOException e) {
            throw WriteErrors.of(file, e, "look at the run's folder, or choose another --run");
        }
    }

    /** The first of {@code runs/NAME-1}, {@code runs/NAME-2}, ... that does not exist. */
    public static Path next(Path runs, String name) {
        for (int number = 1; ; number++) {
            Path folder = runs.resolve(name + "-" + number);
            if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
                return folder;
            }
        }
    }

    /** The run below {@code runs} that was worked on last. */
    public static Optional<Path> newest(Path runs) {
        return all(runs).stream().findFirst();
    }

    /** The runs below {@code runs}, the one that was worked on last first. */
    public static List<Path> all(Path runs) {
        if (!Files.isDirectory(runs)) {
            return List.of();
        }
        try (Stream<Path> folders = Files.list(runs)) {
            return folders.filter(RunFiles::isRun)
                    .map(Worked::new)
                    .sorted(Comparator.comparingLong(Worked::at)
                            .thenComparing(Worked::folder)
                            .reversed())
                    .map(Worked::folder)
                    .toList();
        } catch (IOException e) {
            throw new UserException(runs + ": cannot be read (" + FileErrors.reason(e) + "); give --run", e);
        }
    }

    /** A run as it is sorted: its time is asked for once, since runs that train change theirs meanwhile. */
    private record Worked(Path folder, long at) {
        Worked(Path folder) {
            this(folder, lastWorkedOn(folder));
        }
    }

    /** The name of a run's newest checkpoint, whole or not. */
    public static Optional<String> newestCheckpoint(Path folder) {
        String[] names = folder.resolve(CheckpointStore.FOLDER).toFile().list((in, name) -> name.startsWith("step-"));
        return names == null ? Optional.empty() : Arrays.stream(names).max(Comparator.naturalOrder());
    }

    /** In milliseconds since 1970. */
    public static long lastWorkedOn(Path folder) {
        return Math.max(
                folder.resolve("flm.log").toFile().lastModified(),
                metricsOf(folder).toFile().lastModified());
    }

    /**
     * Asks for a folder of a new run before anything is read for it. Nothing is made.
     *
     * @throws UserException where {@link #create} would not take it
     */
    public static void requireNew(Path folder) {
        try {
            if (isRun(folder)) {
                RunLock.take(folder).close(); // refused where a living process trains it
                throw new UserException(folder + ": holds a run already; go on with it by "
                        + Program.hint(LastStatus.resumption(folder)) + ", or choose another --run");
            }
            requireFree(folder);
            Path there = folder.toAbsolutePath();
            while (there != null && !Files.exists(there)) {
                there = there.getParent();
            }
            if (there != null && !Files.isWritable(there)) {
                throw new AccessDeniedException(there.toString());
            }
        } catch (IOException e) {
            throw unkept(folder, e);
        }
    }

    /** Makes a folder for a new run, or takes an empty one; a run or other things there are left alone. */
    public static RunFiles create(Path folder) {
        requireNew(folder);
        try {
            boolean isNew = !Files.exists(folder);
            Files.createDirectories(folder);
            RunLock lock = isNew ? lockNew(folder) : RunLock.take(folder);
            try {
                requireFree(folder); // Another process may have begun and ended a run in between.
            } catch (IOException | RuntimeException e) {
                lock.close();
                throw e;
            }
            return new RunFiles(lock, isNew ? Before.NOTHING : Before.AN_EMPTY_FOLDER);
        } catch (IOException e) {
            throw unkept(folder, e);
        }
    }

    /** Makes the first of {@code runs/NAME-1}, {@code runs/NAME-2}, ... that nobody else makes at the same moment. */
    public static RunFiles createNext(Path runs, String name) {
        Path folder = next(runs, name);
        try {
            Files.createDirectories(runs);
            while (!madeBySelf(folder)) {
                folder = next(runs, name);
            }
            return new RunFiles(lockNew(folder), Before.NOTHING);
        } catch (IOException e) {
            throw unkept(folder, e);
        }
    }

    private static boolean madeBySelf(Path folder) throws IOException {
        try {
            Files.createDirectory(folder);
            return true;
        } catch (FileAlreadyExistsException e) {
            return false;
        }
    }

    private static void requireFree(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        if (!Files.isDirectory(folder)) {
            throw new UserException(folder + ": no folder; choose another --run");
        }
        try (Stream<Path> content = Files.list(folder)) {
            boolean used =
                    content.anyMatch(path -> !path.getFileName().toString().equals(RunLock.NAME));
            if (used) {
                throw new UserException(folder + ": holds other files; choose another --run");
            }
        }
    }

    private static UserException unkept(Path folder, IOException e) {
        return WriteErrors.of(folder, e, "no run can be kept there; choose another --run");
    }

    /** A folder that cannot be locked is none of a run's, and goes again. */
    private static RunLock lockNew(Path folder) throws IOException {
        try {
            return RunLock.take(folder);
        } catch (IOException e) {
            String[] content = folder.toFile().list();
            if (content != null && content.length == 0) {
                Files.delete(folder);
            }
            throw e;
        }
    }

    /** Asks for the folder of a run that goes on, before anything is read for it. */
    public static void requireRun(Path folder) {
        requireOwnParts(folder);
        if (!isRun(folder)) {
            throw new UserException(folder + ": no run there to resume; check --run, or leave --resume out");
        }
    }

    /** Takes the folder of a run that was interrupted. */
    public static RunFiles resume(Path folder) {
        requireRun(folder);
        try {
            return new RunFiles(RunLock.take(folder), Before.A_RUN);
        } catch (IOException e) {
            throw unkept(folder, e);
        }
    }

    /** Leaves the folder as it was found, where nothing was trained in it: a run that there was stays. */
    public void discard() {
        close();
        if (before == Before.A_RUN) {
            return;
        }
        try {
            Files.deleteIfExists(configuration()); // no run from now on, whatever else stays
            FileTree.deleteContent(path());
            if (before == Before.NOTHING) {
                Files.deleteIfExists(path());
            }
        } catch (IOException e) {
            throw new UserException(path() + ": cannot be removed (" + FileErrors.reason(e) + ")", e);
        }
    }

    @Override
    public void close() {
        lock.close();
    }
}
