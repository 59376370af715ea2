package io.flm.data.parquet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class LevelsTest {
    /** The format's own example: 0 to 7 in three bits each. */
    @Test
    void numbersAreReadFromTheLowestBitOn() {
        ByteBuffer bytes = ByteBuffer.wrap(new byte[] {3, (byte) 0b10001000, (byte) 0b11000110, (byte) 0b11111010});
        assertThat(Levels.read(bytes, 3, 8)).containsExactly(0, 1, 2, 3, 4, 5, 6, 7);
    }

    @Test
    void runsAndGroupsFollowEachOther() {
        ByteBuffer bytes = ByteBuffer.wrap(new byte[] {5 << 1, 1, 3, (byte) 0b01100101, 2 << 1, 0});
        assertThat(Levels.read(bytes, 1, 15)).containsExactly(1, 1, 1, 1, 1, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0);
    }

    @Test
    void whatLeadsOutIsDamage() {
        assertThatThrownBy(() -> Levels.read(ByteBuffer.wrap(new byte[] {9, 1}), 3, 8))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Levels.read(ByteBuffer.wrap(new byte[] {0, 1}), 1, 8))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Levels.read(ByteBuffer.wrap(new byte[8]), 33, 8))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
