package io.flm.worker.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointWriterTest {
    @TempDir
    Path folder;

    private final List<CheckpointWriter.Event> events = new CopyOnWriteArrayList<>();
    private boolean shortOfMemory;

    private CheckpointWriter writer(Disk disk) {
        CheckpointSettings settings = new CheckpointSettings(100, 2, 0, Set.of());
        return new CheckpointWriter(
                new CheckpointStore(folder, settings, disk, OwningProcess.self()), States.IDENTITY, events::add);
    }

    private static CheckpointWriter.Event request(CheckpointWriter writer, TrainingState state) {
        CompletableFuture<CheckpointWriter.Event> answer = new CompletableFuture<>();
        writer.request(state, answer::complete);
        return answer.join();
    }

    private static void assertShortage(CheckpointWriter.Event event) {
        assertThat(event)
                .isInstanceOfSatisfying(
                        CheckpointWriter.Event.Failed.class,
                        failed -> assertThat(failed.message())
                                .startsWith("no checkpoint of step 100: out of memory (Java heap space): "));
    }

    @Test
    void aWantOfMemoryForTheCopyIsAFailedCheckpoint() {
        TrainingState whole = States.at(100);
        FlatFloats wanting = new FlatFloats() {
            @Override
            public long count() {
                return States.COUNT;
            }

            @Override
            public void read(long offset, FloatBuffer into) {
                throw new OutOfMemoryError("Java heap space");
            }
        };
        TrainingState state = new TrainingState(100, 25600, States.LAYOUT, whole.values(), whole.values(), wanting);
        try (CheckpointWriter writer = writer(new Disk())) {
            writer.offer(state);
            assertThat(events).singleElement().satisfies(CheckpointWriterTest::assertShortage);
            assertShortage(request(writer, state));
            assertThat(request(writer, whole)).isInstanceOf(CheckpointWriter.Event.Written.class);
        }
    }

    @Test
    void aWantOfMemoryWhileItIsWrittenIsAFailedCheckpoint() {
        shortOfMemory = true;
        Disk disk = new Disk() {
            @Override
            Output create(Path file) throws IOException {
                if (shortOfMemory) {
                    throw new OutOfMemoryError("Java heap space");
                }
                return super.create(file);
            }
        };
        try (CheckpointWriter writer = writer(disk)) {
            assertShortage(request(writer, States.at(100)));
            shortOfMemory = false;
            assertThat(request(writer, States.at(200))).isInstanceOf(CheckpointWriter.Event.Written.class);
        }
    }

    @Test
    void aRequiredCheckpointWaitsForTheOneBeforeWhereAnOfferedOneIsLeftOut() throws InterruptedException {
        CountDownLatch writing = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        Disk slow = new Disk() {
            @Override
            Output create(Path file) throws IOException {
                writing.countDown();
                try {
                    goOn.await();
                } catch (InterruptedException e) {
                    throw new IOException(e);
                }
                return super.create(file);
            }
        };
        try (CheckpointWriter writer = writer(slow)) {
            writer.offer(States.at(100));
            writing.await();
            writer.offer(States.at(200));
            Thread trainer = new Thread(() -> writer.require(States.at(300)));
            trainer.start();
            goOn.countDown();
            trainer.join();
        }
        assertThat(events)
                .extracting(
                        CheckpointWriter.Event::step, event -> event.getClass().getSimpleName())
                .containsExactlyInAnyOrder(tuple(100L, "Written"), tuple(200L, "LeftOut"), tuple(300L, "Written"));
    }

    /** Who asked tells its user; of the others the listener does. */
    @Test
    void aFullDiskIsNamedOnceToWhomItConcerns() {
        Disk full = new Disk() {
            @Override
            Output create(Path file) throws IOException {
                throw new IOException("No space left on device");
            }
        };
        CheckpointWriter.Event failed = new CheckpointWriter.Event.Failed(
                100, "no checkpoint of step 100: " + folder + ": the disk is full; make room");
        try (CheckpointWriter writer = writer(full)) {
            assertThat(request(writer, States.at(100))).isEqualTo(failed);
            assertThat(events).isEmpty();
        }
        try (CheckpointWriter writer = writer(full)) { // its own: the one above may still be at the end of its first
            writer.offer(States.at(100));
        }
        assertThat(events).containsExactly(failed);
    }
}
