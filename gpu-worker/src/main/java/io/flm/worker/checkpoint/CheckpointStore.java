package io.flm.worker.checkpoint;

import io.flm.data.FileErrors;
import io.flm.data.UserException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The checkpoints of one run: {@code step-0000001200/} with
 *
 * <ul>
 *   <li>{@code weights.safetensors}: the parameters by their official names, in the order of the flat buffer
 *   <li>{@code optimizer.safetensors}: Adam's moments, names prefixed {@code exp_avg.} and {@code exp_avg_sq.}
 *   <li>{@code state.json}: step, settings, hashes; {@code state.json.sha256} guards it
 * </ul>
 *
 * <p>A checkpoint is written under a temporary name, each file and the folder are synced, and one rename makes it visible: at
 * any moment of a kill the folder holds the old checkpoints whole, and the new one whole or not at all. Older ones are deleted
 * only after that, half-written ones with them. Nodes may share the folder, of which one writes at a time; a store is for one
 * thread at a time.
 */
public final class CheckpointStore {
    /** Of a run, in its folder. */
    public static final String FOLDER = "checkpoints";

    private static final Logger LOG = LoggerFactory.getLogger(CheckpointStore.class);
    private static final String PREFIX = "step-";
    private static final String UNFINISHED = ".new-";
    private static final String REPLACED = ".old-";
    private static final Pattern LEFTOVER = Pattern.compile("\\.(?:new|old)-step-(\\d{10,18})\\b");

    private final Path folder;
    private final CheckpointSettings settings;
    private final Disk disk;
    private final OwningProcess owner;

    /** Opens the folder, made where it is missing, and clears away what a killed process left half written. */
    public CheckpointStore(Path folder, CheckpointSettings settings) {
        this(folder, settings, new Disk(), OwningProcess.self());
    }

    CheckpointStore(Path folder, CheckpointSettings settings, Disk disk, OwningProcess owner) {
        this.folder = folder;
        this.settings = settings;
        this.disk = disk;
        this.owner = owner;
        try {
            disk.createFolder(folder);
            clearLeftovers();
        } catch (IOException e) {
            throw new UserException(folder + ": checkpoints cannot be kept there: " + e + "; choose another --run", e);
        }
    }

    /**
     * Opens what a user points at: a checkpoint, or a run, whose newest valid checkpoint it is.
     *
     * @param refused is told of newer checkpoints that cannot be used, a line each
     */
    public static Checkpoint find(Path runOrCheckpoint, Consumer<String> refused) {
        if (Files.exists(runOrCheckpoint.resolve(StateFile.NAME))) {
            return Checkpoint.open(runOrCheckpoint);
        }
        if (!Files.exists(runOrCheckpoint)) {
            throw new UserException(runOrCheckpoint + ": no such folder; give a run folder or one of its checkpoints");
        }
        Path checkpoints = runOrCheckpoint.resolve(FOLDER);
        return newestValid(Files.isDirectory(checkpoints) ? checkpoints : runOrCheckpoint, Optional.empty(), refused)
                .orElseThrow(() -> new UserException(
                        runOrCheckpoint + ": no checkpoint there; give a run folder or one of its checkpoints"));
    }

    /** Where the checkpoints lie. */
    Path folder() {
        return folder;
    }

    /**
     * The newest checkpoint that is whole; empty where none was ever written.
     *
     * @param refused is told of newer ones that cannot be used, a line each
     * @throws UserException where there are checkpoints, but not one is whole
     */
    public Optional<Checkpoint> newestValid(Consumer<String> refused) {
        return newestValid(folder, Optional.empty(), refused);
    }

    /** The same, where one that was found before is not read again. */
    public Optional<Checkpoint> newestValid(Optional<Checkpoint> before, Consumer<String> refused) {
        return newestValid(folder, before, refused);
    }

    private static Optional<Checkpoint> newestValid(
            Path folder, Optional<Checkpoint> before, Consumer<String> refused) {
        List<Path> newestFirst = new ArrayList<>(list(folder).values());
        Collections.reverse(newestFirst);
        for (Path candidate : newestFirst) {
            if (before.isPresent() && before.get().folder().equals(candidate)) {
                return before;
            }
            try {
                return Optional.of(Checkpoint.open(candidate));
            } catch (UserException e) {
                refused.accept(String.valueOf(e.getMessage()));
            }
        }
        if (!newestFirst.isEmpty()) {
            throw new UserException(folder + ": none of its " + newestFirst.size()
                    + " checkpoints is whole; restore one from a copy, or start another run with --run");
        }
        return Optional.empty();
    }

    /**
     * Writes a checkpoint and then deletes those that need not be kept.
     *
     * @return the new checkpoint's folder
     * @throws IOException for instance where the disk is full; the older checkpoints are as they were
     */
    public Path save(TrainingState state, RunIdentity identity) throws IOException {
        String name = name(state.step());
        Path unfinished = folder.resolve(UNFINISHED + name + owner.mark());
        Path target = folder.resolve(name);
        disk.delete(unfinished);
        try {
            disk.createFolder(unfinished);
            write(unfinished, state, identity);
            publish(unfinished, target);
        } catch (IOException | RuntimeException | OutOfMemoryError e) {
            try {
                disk.delete(unfinished);
            } catch (IOException remains) {
                e.addSuppressed(remains);
            }
            throw e;
        }
        deleteOld(state.step());
        return target;
    }

    private void write(Path into, TrainingState state, RunIdentity identity) throws IOException {
        Map<String, String> metadata = Map.of("format", "pt");
        List<SafetensorsWriter.Tensor> moments =
                new ArrayList<>(tensors(Checkpoint.FIRST_MOMENT, state, state.firstMoments()));
        moments.addAll(tensors(Checkpoint.SECOND_MOMENT, state, state.secondMoments()));
        TreeMap<String, StateFile.Written> files = new TreeMap<>();
        files.put(
                Checkpoint.WEIGHTS,
                write(
                        into.resolve(Checkpoint.WEIGHTS),
                        out -> SafetensorsWriter.write(out, metadata, tensors("", state, state.values()))));
        files.put(
                Checkpoint.OPTIMIZER,
                write(into.resolve(Checkpoint.OPTIMIZER), out -> SafetensorsWriter.write(out, metadata, moments)));
        byte[] json = new StateFile(
                        programVersion(),
                        state.step(),
                        state.samples(),
                        state.broken(),
                        state.values().sha256(),
                        files,
                        identity)
                .format();
        write(into.resolve(StateFile.NAME), out -> writeFully(out, json));
        write(
                into.resolve(Checkpoint.STATE_SHA256),
                out -> writeFully(out, Checkpoint.checksumLine(json).getBytes(StandardCharsets.UTF_8)));
        disk.syncFolder(into);
    }

    private static List<SafetensorsWriter.Tensor> tensors(String prefix, TrainingState state, FlatFloats values) {
        return state.layout().stream()
                .map(range ->
                        SafetensorsWriter.Tensor.floats(prefix + range.name(), range.shape(), values, range.offset()))
                .toList();
    }

    private StateFile.Written write(Path file, SafetensorsWriter.Content content) throws IOException {
        try (Disk.Output out = disk.create(file)) {
            HashingChannel hashing = new HashingChannel(out);
            content.writeTo(hashing);
            out.sync();
            return new StateFile.Written(hashing.sizeBytes(), hashing.sha256());
        }
    }

    private static void writeFully(WritableByteChannel out, byte[] bytes) throws IOException {
        for (ByteBuffer rest = ByteBuffer.wrap(bytes); rest.hasRemaining(); ) {
            out.write(rest);
        }
    }

    /** Moves a checkpoint to its name. One of the same step, torn or from before a resume, makes way. */
    private void publish(Path unfinished, Path target) throws IOException {
        Path replaced = folder.resolve(REPLACED + target.getFileName() + owner.mark());
        disk.delete(replaced);
        boolean replaces = Files.exists(target);
        if (replaces) {
            disk.move(target, replaced);
        }
        disk.move(unfinished, target);
        disk.syncFolder(folder);
        if (replaces) {
            disk.delete(replaced);
        }
    }

    /** Keeps by number, counting from the one just written: that one is whole, and numbers above it are leftovers. */
    private void deleteOld(long newest) {
        List<Long> steps = new ArrayList<>(list(folder).headMap(newest, true).keySet());
        int old = Math.max(0, steps.size() - settings.keep());
        for (long step : steps.subList(0, old)) {
            if (!settings.isKeptForGood(step)) {
                deleteOld(folder.resolve(name(step)));
            }
        }
        if (steps.size() >= settings.keep()) {
            leftovers().forEach((leftover, step) -> { // were one written to its end, it would be deleted here
                if (step < steps.get(old) && !settings.isKeptForGood(step)) {
                    deleteOld(leftover);
                }
            });
        }
    }

    private void deleteOld(Path checkpoint) {
        try {
            disk.delete(checkpoint);
        } catch (IOException e) {
            LOG.warn("{}: an old checkpoint cannot be deleted: {}", checkpoint, e.toString());
        }
    }

    /** What was half written or replaced, by whomever, with its step. */
    private Map<Path, Long> leftovers() {
        Map<Path, Long> leftovers = new TreeMap<>();
        try (Stream<Path> all = Files.list(folder)) {
            all.forEach(path -> {
                Matcher name = LEFTOVER.matcher(path.getFileName().toString());
                if (name.lookingAt()) {
                    leftovers.put(path, Long.parseLong(name.group(1)));
                }
            });
        } catch (IOException e) {
            LOG.warn("{}: cannot be read ({})", folder, FileErrors.reason(e));
        }
        return leftovers;
    }

    private void clearLeftovers() throws IOException {
        List<Path> leftovers;
        try (Stream<Path> all = Files.list(folder)) {
            leftovers = all.sorted(Comparator.naturalOrder()).toList();
        }
        for (Path leftover : leftovers) {
            try {
                clear(leftover);
            } catch (IOException e) {
                LOG.debug("{} stays, or another process removes it: {}", leftover, e.toString());
            }
        }
    }

    private void clear(Path leftover) throws IOException {
        String name = leftover.getFileName().toString();
        if (name.startsWith(UNFINISHED + PREFIX) && OwningProcess.isDead(leftover)) {
            disk.delete(leftover);
        } else if (name.startsWith(REPLACED + PREFIX) && OwningProcess.isDead(leftover)) {
            int mark = name.indexOf('.', REPLACED.length());
            Path target = folder.resolve(name.substring(REPLACED.length(), mark < 0 ? name.length() : mark));
            if (Files.exists(target)) {
                disk.delete(leftover);
            } else {
                disk.move(leftover, target); // Killed between the two renames: the old one is still the one.
            }
        }
    }

    /** The checkpoints of a folder by step, whole or not. */
    private static NavigableMap<Long, Path> list(Path folder) {
        NavigableMap<Long, Path> byStep = new TreeMap<>();
        if (!Files.isDirectory(folder)) {
            return byStep;
        }
        try (Stream<Path> all = Files.list(folder)) {
            all.forEach(path -> {
                String name = path.getFileName().toString();
                if (name.matches(PREFIX + "\\d{10,18}")) {
                    byStep.put(Long.parseLong(name.substring(PREFIX.length())), path);
                }
            });
        } catch (IOException e) {
            throw new UserException(folder + ": cannot be read (" + FileErrors.reason(e) + ")", e);
        }
        return byStep;
    }

    /** The name of the folder of a checkpoint. */
    public static String name(long step) {
        return PREFIX + String.format(Locale.ROOT, "%010d", step);
    }

    private static String programVersion() {
        String version = CheckpointStore.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }
}
