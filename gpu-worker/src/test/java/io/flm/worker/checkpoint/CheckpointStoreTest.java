package io.flm.worker.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.flm.data.BrokenShards;
import io.flm.data.Sha256;
import io.flm.data.UserException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointStoreTest {
    private static final CheckpointSettings KEEP_TWO = new CheckpointSettings(100, 2, 0, Set.of());

    /** This process, if it had the number of an earlier one. */
    private static final OwningProcess DEAD = new OwningProcess(
            OwningProcess.self().pid(), 1, OwningProcess.self().host());

    @TempDir
    Path run;

    private final List<String> refused = new ArrayList<>();

    private Path folder() {
        return run.resolve("checkpoints");
    }

    private CheckpointStore store() {
        return new CheckpointStore(folder(), KEEP_TWO);
    }

    private void save(long... steps) throws IOException {
        CheckpointStore store = store();
        for (long step : steps) {
            store.save(States.at(step), States.IDENTITY);
        }
    }

    private Path checkpoint(long step) {
        return folder().resolve(String.format("step-%010d", step));
    }

    private List<String> names() throws IOException {
        try (Stream<Path> all = Files.list(folder())) {
            return all.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }

    private long newestStep() {
        return store().newestValid(refused::add).map(Checkpoint::step).orElse(-1L);
    }

    private static void flipByte(Path file, int index) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        bytes[index] ^= 1;
        Files.write(file, bytes);
    }

    @Test
    void theShardsThatAreLeftOutAreAPartOfTheState() throws IOException {
        TrainingState at = States.at(7);
        BrokenShards broken = BrokenShards.NONE.with("https://host/a.tar", 5);
        TrainingState without =
                new TrainingState(7, 7 * 256, broken, at.layout(), at.values(), at.firstMoments(), at.secondMoments());
        assertThat(Checkpoint.open(store().save(without, States.IDENTITY)).broken())
                .isEqualTo(broken);
        assertThat(Checkpoint.open(store().save(States.at(8), States.IDENTITY)).broken())
                .isEqualTo(BrokenShards.NONE);
    }

    @Test
    void givesBackEverythingThatItWrote() throws IOException {
        save(1200);
        Checkpoint read = store().newestValid(refused::add).orElseThrow();
        float[] first = new float[States.COUNT];
        float[] second = new float[States.COUNT];
        read.restoreMoments(States.LAYOUT, States.into(first), States.into(second));

        assertThat(refused).isEmpty();
        assertThat(read.folder()).isEqualTo(checkpoint(1200)).hasFileName("step-0000001200");
        assertThat(read.step()).isEqualTo(1200);
        assertThat(States.weights(read)).isEqualTo(States.values(1200));
        assertThat(first).isEqualTo(States.values(1200.25));
        assertThat(second).isEqualTo(States.values(1200.5));
        assertThat(read.weightsSha256()).isEqualTo(States.floats(1200).sha256());
        assertThat(read.identity()).isEqualTo(States.IDENTITY);
        assertThat(Files.readString(checkpoint(1200).resolve("state.json")))
                .contains("\"step\" : 1200")
                .contains("\"samples\" : 307200")
                .contains("\"flm.train.lanes\" : 8")
                .contains("\"tokenizer\" : \"t1\"")
                .contains(read.weightsSha256());
    }

    /** So that any program can check the promise of equal weights, without this one. */
    @Test
    void hashesTheWeightsAsTheyLieInTheFile() throws IOException {
        save(7);
        byte[] file = Files.readAllBytes(checkpoint(7).resolve("weights.safetensors"));
        int body =
                8 + (int) ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong();
        assertThat(Sha256.of(Arrays.copyOfRange(file, body, file.length)))
                .isEqualTo(Checkpoint.open(checkpoint(7)).weightsSha256());
    }

    @Test
    void writesTheSameBytesForTheSameState() throws IOException {
        save(5);
        byte[] first = Files.readAllBytes(checkpoint(5).resolve("optimizer.safetensors"));
        byte[] state = Files.readAllBytes(checkpoint(5).resolve("state.json"));
        save(5);
        assertThat(Files.readAllBytes(checkpoint(5).resolve("optimizer.safetensors")))
                .isEqualTo(first);
        assertThat(Files.readAllBytes(checkpoint(5).resolve("state.json"))).isEqualTo(state);
        assertThat(names()).containsExactly("step-0000000005");
    }

    @Test
    void hasNoCheckpointBeforeTheFirst() {
        assertThat(store().newestValid(refused::add)).isEmpty();
        assertThatThrownBy(() -> CheckpointStore.find(run, refused::add))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("no checkpoint there");
    }

    @Test
    void findsACheckpointByItsOwnFolderOrByItsRun() throws IOException {
        save(100, 200);
        assertThat(CheckpointStore.find(run, refused::add).step()).isEqualTo(200);
        assertThat(CheckpointStore.find(folder(), refused::add).step()).isEqualTo(200);
        assertThat(CheckpointStore.find(checkpoint(100), refused::add).step()).isEqualTo(100);
    }

    @Test
    void refusesAByteThatWasFlippedAnywhereAndFallsBackToTheOlderOne() throws IOException {
        for (String file : List.of("weights.safetensors", "optimizer.safetensors", "state.json", "state.json.sha256")) {
            int size = (int) Files.size(savedPair().resolve(file));
            for (int index : new int[] {0, size / 2, size - 1}) {
                flipByte(savedPair().resolve(file), index);
                refused.clear();
                assertThat(newestStep()).as("%s, byte %d", file, index).isEqualTo(100);
                assertThat(refused).singleElement().asString().contains("step-0000000200: no whole checkpoint: ");
            }
        }
    }

    private Path savedPair() throws IOException {
        new Disk().delete(folder());
        save(100, 200);
        return checkpoint(200);
    }

    @Test
    void refusesAFileThatWasCutOrIsMissing() throws IOException {
        for (String file : List.of("weights.safetensors", "optimizer.safetensors", "state.json", "state.json.sha256")) {
            Path whole = savedPair().resolve(file);
            Files.write(whole, Arrays.copyOf(Files.readAllBytes(whole), (int) Files.size(whole) - 1));
            assertThat(newestStep()).isEqualTo(100);
            Files.delete(whole);
            assertThat(newestStep()).isEqualTo(100);
        }
        assertThat(refused)
                .hasSize(8)
                .allMatch(line -> line.contains("step-0000000200: no whole checkpoint: ") && !line.contains("\n"))
                .anyMatch(line -> line.contains("weights.safetensors has"))
                .anyMatch(line -> line.contains("state.json was altered or cut"));
    }

    @Test
    void refusesTheFilesOfAnotherCheckpointUnderThisName() throws IOException {
        Path newest = savedPair();
        Path alien = newest.resolve("weights.safetensors");
        Files.copy(checkpoint(100).resolve("weights.safetensors"), alien, StandardCopyOption.REPLACE_EXISTING);
        assertThat(newestStep()).isEqualTo(100);
        assertThat(refused).singleElement().asString().contains("weights.safetensors was altered");
    }

    /** A pipe there would let it wait, a device has no end. */
    @Test
    void namesThePartThatIsNoFile() throws IOException {
        for (String part : List.of("state.json", "state.json.sha256")) {
            Path file = savedPair().resolve(part);
            Files.delete(file);
            Files.createSymbolicLink(file, Path.of("/dev/zero"));
            assertThat(newestStep()).isEqualTo(100);
            assertThat(refused).last().isEqualTo(file + ": cannot be read (not a regular file)");
            Files.delete(file);
        }
    }

    @Test
    void saysSoWhereNoCheckpointIsWhole() throws IOException {
        save(100);
        Files.delete(checkpoint(100).resolve("weights.safetensors"));
        assertThatThrownBy(() -> store().newestValid(refused::add))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("none of its 1 checkpoints is whole");
        assertThat(refused).hasSize(1);
    }

    @Test
    void refusesStatesOfOtherProgramsAndLaterVersions() throws IOException {
        save(100);
        Path state = checkpoint(100).resolve("state.json");
        for (List<String> change : List.of(
                List.of("\"formatVersion\" : 1", "\"formatVersion\" : 2", "has format version 2, this program reads 1"),
                List.of("flm-checkpoint", "other", "is no checkpoint of this program"),
                List.of("\"format\"", "format", "is no JSON"),
                List.of("\"changes\" : [ ]", "\"changes\" : [ null ]", "lacks a part"),
                List.of("\"tokenizer\" : \"t1\"", "\"tokenizer\" : null", "lacks a part"),
                List.of("\"step\" : 100", "\"step\" : -5", "has no step that is a whole number, 0 or more"),
                List.of("\"step\" : 100", "\"step\" : 100.5", "has no step that is a whole number, 0 or more"),
                List.of("\"step\" : 100", "\"step\" : 1e400", "has no step that is a whole number, 0 or more"),
                List.of("\"step\" : 100", "\"step\" : \"100\"", "has no step that is a whole number, 0 or more"),
                List.of("\"samples\" : 25600", "\"samples\" : -1", "has no dataPosition.samples that is"))) {
            String original = Files.readString(state);
            String changed = original.replace(change.get(0), change.get(1));
            Files.writeString(state, changed);
            Files.writeString(
                    checkpoint(100).resolve("state.json.sha256"),
                    Checkpoint.checksumLine(changed.getBytes(StandardCharsets.UTF_8)));
            assertThatThrownBy(() -> Checkpoint.open(checkpoint(100)))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining(change.get(2));
            Files.writeString(state, original);
        }
    }

    /** Whose hashes all fit. */
    @Test
    void refusesValuesWithWhichNoLossIsANumber() throws IOException {
        for (float odd : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            Checkpoint checkpoint = holding(odd, 1);
            assertThatThrownBy(() -> States.weights(checkpoint))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("weights.safetensors: ")
                    .hasMessageContaining(" holds " + odd + ", with which no loss is a number");
        }
        for (float odd : new float[] {Float.NaN, -1}) {
            Checkpoint checkpoint = holding(1, odd);
            FlatFloats.Sink any = (offset, values) -> {};
            assertThatThrownBy(() -> checkpoint.restoreMoments(States.LAYOUT, any, any))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("optimizer.safetensors: exp_avg_sq.")
                    .hasMessageContaining(" holds " + odd);
        }
    }

    /** A checkpoint whose last weight and last second moment are these. */
    private Checkpoint holding(float weight, float secondMoment) throws IOException {
        float[] values = States.values(1);
        float[] squares = States.values(2);
        values[values.length - 1] = weight;
        squares[squares.length - 1] = secondMoment;
        TrainingState state = new TrainingState(
                1,
                256,
                States.LAYOUT,
                FlatFloats.of(FloatBuffer.wrap(values)),
                States.floats(-3),
                FlatFloats.of(FloatBuffer.wrap(squares)));
        return Checkpoint.open(store().save(state, States.IDENTITY));
    }

    @Test
    void refusesACheckpointOfAnotherModelWithoutTouchingAnything() throws IOException {
        save(100);
        Checkpoint checkpoint = Checkpoint.open(checkpoint(100));
        FlatFloats.Sink untouched = (offset, values) -> {
            throw new AssertionError("restored from a foreign checkpoint");
        };
        List<TensorRange> wider = new ArrayList<>(States.LAYOUT);
        wider.set(1, new TensorRange("lm_score.bias", 6, new long[] {5}));
        assertThatThrownBy(() -> checkpoint.restoreWeights(wider, untouched))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("it has lm_score.bias F32 [4], this model lm_score.bias [5]");
        List<TensorRange> more = new ArrayList<>(States.LAYOUT);
        more.add(new TensorRange("rank_output.bias", 11, new long[] {1}));
        assertThatThrownBy(() -> checkpoint.restoreWeights(more, untouched))
                .hasMessageContaining("it has no rank_output.bias, this model rank_output.bias [1]");
        assertThatThrownBy(() -> checkpoint.restoreMoments(States.LAYOUT.subList(0, 2), untouched, untouched))
                .hasMessageContaining("this model has no exp_avg.scale");
    }

    @Test
    void keepsTheNewestAndEveryNth() throws IOException {
        CheckpointStore store = new CheckpointStore(folder(), new CheckpointSettings(100, 2, 300, Set.of()));
        for (long step = 100; step <= 800; step += 100) {
            store.save(States.at(step), States.IDENTITY);
        }
        assertThat(names()).containsExactly("step-0000000300", "step-0000000600", "step-0000000700", "step-0000000800");
    }

    @Test
    void keepsThoseAtNamedSteps() throws IOException {
        CheckpointSettings settings = new CheckpointSettings(100, 1, 0, Set.of(130L, 200L));
        assertThat(settings.isDue(130)).isTrue();
        assertThat(settings.isDue(131)).isFalse();
        CheckpointStore store = new CheckpointStore(folder(), settings);
        for (long step : new long[] {100, 130, 200, 300, 400}) {
            store.save(States.at(step), States.IDENTITY);
        }
        assertThat(names()).containsExactly("step-0000000130", "step-0000000200", "step-0000000400");
    }

    /** A torn checkpoint with a higher number must not push out the whole one that was written after falling back. */
    @Test
    void doesNotCountWhatWasPassedOverWhenItDeletes() throws IOException {
        save(100, 200, 900);
        Files.delete(checkpoint(900).resolve("weights.safetensors"));
        save(300);
        assertThat(names()).containsExactly("step-0000000200", "step-0000000300", "step-0000000900");
        assertThat(newestStep()).isEqualTo(300);
    }

    @Test
    void replacesATornCheckpointOfTheSameStep() throws IOException {
        save(100, 200);
        Files.delete(checkpoint(200).resolve("weights.safetensors"));
        save(200);
        assertThat(newestStep()).isEqualTo(200);
        assertThat(refused).isEmpty();
    }

    @Test
    void reportsAFullDiskAndKeepsTheOlderCheckpoint() throws IOException {
        Path full = Path.of("/dev/full");
        assumeTrue(Files.exists(full), "no /dev/full on this system");
        save(100);
        CheckpointStore store = new CheckpointStore(
                folder(),
                KEEP_TWO,
                new Disk() {
                    @Override
                    Output create(Path file) throws IOException {
                        Output small = super.create(file);
                        if (!file.endsWith("optimizer.safetensors")) {
                            return small;
                        }
                        small.close();
                        Files.delete(file);
                        Files.createSymbolicLink(file, full);
                        FileChannel device = FileChannel.open(file, StandardOpenOption.WRITE);
                        return new Output() {
                            @Override
                            public void sync() throws IOException {
                                device.force(true);
                            }

                            @Override
                            public int write(ByteBuffer bytes) throws IOException {
                                return device.write(bytes);
                            }

                            @Override
                            public boolean isOpen() {
                                return device.isOpen();
                            }

                            @Override
                            public void close() throws IOException {
                                device.close();
                            }
                        };
                    }
                },
                OwningProcess.self());
        assertThatThrownBy(() -> store.save(States.at(200), States.IDENTITY))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("No space left on device");
        assertThat(names()).containsExactly("step-0000000100");
        assertThat(newestStep()).isEqualTo(100);
    }

    /** The process dies before its n-th operation on the disk, for every n; writes may be half done. */
    @Test
    void survivesAKillAtAnyMoment() throws IOException {
        int killed = 0;
        for (int last = 0; ; last++) {
            new Disk().delete(folder());
            save(100, 200);
            boolean ended = saveUntilKilled(300, last);
            long newest = newestStep();
            assertThat(newest).as("killed after %d operations", last).isIn(200L, 300L);
            assertThat(States.weights(CheckpointStore.find(run, refused::add)))
                    .isEqualTo(States.values((double) newest));
            assertThat(names()).noneMatch(name -> name.startsWith("."));
            if (ended) {
                assertThat(newest).isEqualTo(300);
                break;
            }
            killed++;
        }
        assertThat(killed).isGreaterThan(20);
        assertThat(refused).isEmpty();
    }

    /** The same for a checkpoint that takes the place of an older one of its step. */
    @Test
    void survivesAKillWhileItReplacesTheOnlyCheckpoint() throws IOException {
        for (int last = 0; ; last++) {
            new Disk().delete(folder());
            save(100);
            boolean ended = saveUntilKilled(100, last);
            assertThat(newestStep()).as("killed after %d operations", last).isEqualTo(100);
            assertThat(names()).containsExactly("step-0000000100");
            if (ended) {
                break;
            }
        }
        assertThat(refused).isEmpty();
    }

    private boolean saveUntilKilled(long step, int operations) {
        try {
            new CheckpointStore(folder(), KEEP_TWO, new KilledDisk(operations), DEAD)
                    .save(States.at(step), States.IDENTITY);
            return true;
        } catch (Killed | IOException e) {
            return false;
        }
    }

    /** Several nodes keep their checkpoints in one folder, and one of them is started while another one writes. */
    @Test
    void leavesAloneWhatALivingProcessWrites() throws IOException {
        CheckpointStore store = new CheckpointStore(
                folder(),
                KEEP_TWO,
                new Disk() {
                    @Override
                    Output create(Path file) throws IOException {
                        store(); // another process begins
                        return super.create(file);
                    }

                    @Override
                    void move(Path from, Path to) throws IOException {
                        store();
                        super.move(from, to);
                    }
                },
                OwningProcess.self());
        store.save(States.at(100), States.IDENTITY);
        store.save(States.at(100), States.IDENTITY);
        assertThat(names()).containsExactly("step-0000000100");
        assertThat(newestStep()).isEqualTo(100);
    }

    @Test
    void clearsWhatDeadProcessesLeft() throws IOException {
        OwningProcess self = OwningProcess.self();
        Files.createDirectories(folder().resolve(".new-step-0000000100" + DEAD.mark()));
        Files.createDirectories(folder().resolve(".new-step-0000000200" + self.mark()));
        String foreign = new OwningProcess(1, 1, "elsewhere").mark();
        Files.createDirectories(folder().resolve(".new-step-0000000300" + foreign));
        store();
        assertThat(names()).containsExactly(".new-step-0000000200" + self.mark(), ".new-step-0000000300" + foreign);
    }

    /** Whether a writer on another host lives cannot be seen; that nobody wants its checkpoint any more can. */
    @Test
    void clearsWhatOtherHostsLeftOnceItWouldNotBeKept() throws IOException {
        String foreign = new OwningProcess(1, 1, "elsewhere").mark();
        for (String leftover : List.of(".new-step-0000000100", ".old-step-0000000200", ".new-step-0000000300")) {
            Files.createDirectories(folder().resolve(leftover + foreign));
        }
        save(400);
        assertThat(names()).as("one more is to be kept").hasSize(4);
        save(300);
        assertThat(names())
                .containsExactly(
                        ".new-step-0000000100" + foreign,
                        ".new-step-0000000300" + foreign,
                        ".old-step-0000000200" + foreign,
                        "step-0000000300",
                        "step-0000000400");
        save(500);
        assertThat(names()).containsExactly("step-0000000400", "step-0000000500");
        CheckpointStore keeping = new CheckpointStore(folder(), new CheckpointSettings(100, 2, 300, Set.of()));
        Files.createDirectories(folder().resolve(".new-step-0000000300" + foreign));
        keeping.save(States.at(600), States.IDENTITY);
        assertThat(names()).contains(".new-step-0000000300" + foreign);
    }

    private static final class Killed extends Error {
        private static final long serialVersionUID = 1L;
    }

    /** Ends the process, as far as the store can tell, when it has done so many operations. */
    private static final class KilledDisk extends Disk {
        private int left;

        private KilledDisk(int operations) {
            this.left = operations;
        }

        private void operation() {
            if (left-- == 0) {
                throw new Killed();
            }
        }

        @Override
        Output create(Path file) throws IOException {
            operation();
            Output output = super.create(file);
            return new Output() {
                @Override
                public int write(ByteBuffer bytes) throws IOException {
                    if (left == 0) {
                        output.write(bytes.slice(bytes.position(), bytes.remaining() / 2));
                    }
                    operation();
                    return output.write(bytes);
                }

                @Override
                public void sync() throws IOException {
                    operation();
                    output.sync();
                }

                @Override
                public boolean isOpen() {
                    return output.isOpen();
                }

                @Override
                public void close() throws IOException {
                    output.close();
                }
            };
        }

        @Override
        void createFolder(Path folder) throws IOException {
            operation();
            super.createFolder(folder);
        }

        @Override
        void move(Path from, Path to) throws IOException {
            operation();
            super.move(from, to);
        }

        @Override
        void syncFolder(Path folder) throws IOException {
            operation();
            super.syncFolder(folder);
        }

        @Override
        void delete(Path folder) throws IOException {
            if (left == 0 && Files.exists(folder)) {
                Files.deleteIfExists(folder.resolve("state.json"));
            }
            operation();
            super.delete(folder);
        }
    }
}
