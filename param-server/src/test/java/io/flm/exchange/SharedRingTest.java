package io.flm.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.agrona.concurrent.ControlledMessageHandler;
import org.agrona.concurrent.ControlledMessageHandler.Action;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SharedRingTest {
    private static final int FRAME_BYTES = 1 << 16; // the longest of the smallest ring

    @TempDir
    private Path directory;

    private Path folder;

    @BeforeEach
    void aNodesFolder() throws IOException {
        folder = Files.createDirectory(directory.resolve("17-0"));
    }

    private SharedRing create(int receivers) {
        return Objects.requireNonNull(SharedRing.create(folder, receivers));
    }

    private SharedRing open(SharedRing ring) {
        return Objects.requireNonNull(SharedRing.open(directory, ring.name()));
    }

    private static void write(SharedRing ring, int value) {
        assertThat(ring.claim(1000)).isTrue();
        ring.buffer().putInt(ring.offset() + 996, value);
        ring.commit();
    }

    @Test
    void carriesFramesInOrderAndKeepsWhatIsRefused() {
        try (SharedRing out = create(1);
                SharedRing in = open(out)) {
            List<Integer> got = new ArrayList<>();
            ControlledMessageHandler untilThree = (type, buffer, offset, length) -> {
                assertThat(length).isEqualTo(1000);
                int value = buffer.getInt(offset + 996);
                if (value == 3 && got.size() == 3) {
                    return Action.ABORT;
                }
                got.add(value);
                return Action.CONTINUE;
            };
            for (int value = 0; value < 5; value++) {
                write(out, value);
            }
            in.read(untilThree, 10);
            assertThat(got).containsExactly(0, 1, 2);
            got.add(-1);
            in.read(untilThree, 10);
            assertThat(got).containsExactly(0, 1, 2, -1, 3, 4);
        }
    }

    @Test
    void hasNoRoomUntilTheOtherEndHasReadForEver() {
        try (SharedRing out = create(1000);
                SharedRing in = open(out)) {
            int written = 0;
            int read = 0;
            for (int turn = 0; turn < 3; turn++) {
                while (out.claim(FRAME_BYTES)) {
                    out.commit();
                    written++;
                }
                assertThat(written - read).isBetween(6, 7); // of eight; none is split, so the end may stay empty
                for (int reads = 0; reads < 3; reads++) { // one ends where the ring begins anew, and may be empty
                    read += in.read((type, buffer, offset, length) -> Action.CONTINUE, 100);
                }
                assertThat(read).isEqualTo(written);
            }
        }
    }

    @Test
    void leavesNoNameBehindOnceItIsOpen() throws IOException {
        SharedRing out = create(1);
        try (SharedRing in = open(out)) {
            assertThat(folder).isEmptyDirectory();
            write(out, 7);
            out.close(); // its process has ended
            List<Integer> got = new ArrayList<>();
            in.read(
                    (type, buffer, offset, length) -> {
                        got.add(buffer.getInt(offset + 996));
                        return Action.CONTINUE;
                    },
                    10);
            assertThat(got).containsExactly(7);
        }
        create(1).close();
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void opensNothingThatIsNoRingOfThisMachine() throws IOException {
        SharedRing other = create(1);
        String name = other.name();
        Files.delete(directory.resolve(name));
        assertThat(SharedRing.open(directory, name)).isNull();
        assertThat(SharedRing.open(directory, "")).isNull();

        String ring = name.substring(name.indexOf('/'));
        Path outside = Files.createDirectory(directory.resolve("elsewhere"));
        Files.write(outside.resolve(ring.substring(1)), new byte[10]);
        assertThat(SharedRing.open(directory, "elsewhere" + ring)).isNull();
        assertThat(SharedRing.open(folder, "../elsewhere" + ring)).isNull();
        assertThat(outside).isNotEmptyDirectory();

        Files.write(directory.resolve(name), new byte[10]);
        assertThat(SharedRing.open(directory, name)).isNull(); // of no size that a ring can have
    }

    @Test
    void isNotThereWhereItsFolderIsGone() {
        assertThat(SharedRing.create(directory.resolve("gone"), 1)).isNull();
    }
}
