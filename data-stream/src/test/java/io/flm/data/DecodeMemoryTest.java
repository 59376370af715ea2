package io.flm.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class DecodeMemoryTest {
    private static final long MIB = 1 << 20;

    @Test
    void aLargePictureWaitsForThoseThatItDoesNotFitBeside() throws Exception {
        DecodeMemory memory = new DecodeMemory(100 * MIB);
        memory.take(30 * MIB);
        memory.take(30 * MIB); // beside it
        FutureTask<Void> large = new FutureTask<>(() -> memory.take(80 * MIB), null);
        Thread thread = new Thread(large, "large");
        thread.setDaemon(true);
        thread.start();
        awaitWaiting(thread, large); // else nothing but its late start could be seen
        memory.release(30 * MIB);
        assertThat(large).as("40 MiB of 100 are free").isNotDone();
        awaitWaiting(thread, large);
        memory.release(30 * MIB);
        large.get(10, TimeUnit.SECONDS);
        Thread small = new Thread(() -> memory.take(30 * MIB), "small");
        small.setDaemon(true);
        small.start();
        awaitWaiting(small, new FutureTask<>(() -> {}, null));
        memory.release(80 * MIB);
        small.join(10_000);
        assertThat(small.isAlive()).isFalse();
    }

    private static void awaitWaiting(Thread thread, Future<?> work) {
        long bound = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (thread.getState() != Thread.State.WAITING) {
            assertThat(work).as("it waits").isNotDone();
            assertThat(System.nanoTime()).as("it waits within 10 s").isLessThan(bound);
            Thread.onSpinWait();
        }
    }

    @Test
    void aPictureThatNeedsMoreThanThereIsComesToItsTurnAlone() {
        DecodeMemory memory = new DecodeMemory(100 * MIB);
        memory.take(500 * MIB);
        memory.release(500 * MIB);
        memory.take(100 * MIB);
        memory.release(100 * MIB);
    }
}
