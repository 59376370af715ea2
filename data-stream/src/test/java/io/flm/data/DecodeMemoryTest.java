package io.flm.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class DecodeMemoryTest {
    private static final long MIB = 1 << 20;

    @Test
    void aLargePictureWaitsForThoseThatItDoesNotFitBeside() {
        DecodeMemory memory = new DecodeMemory(100 * MIB);
        memory.take(30 * MIB);
        memory.take(30 * MIB); // beside it
        CompletableFuture<Void> large = CompletableFuture.runAsync(() -> memory.take(80 * MIB));
        memory.release(30 * MIB);
        assertThat(large).isNotDone();
        memory.release(30 * MIB);
        large.join();
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
