package io.flm.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import io.aeron.Aeron;
import io.aeron.ExclusivePublication;
import io.aeron.Subscription;
import io.aeron.driver.MediaDriver;
import io.aeron.driver.ThreadingMode;
import io.flm.exchange.FrameReader.Opened;
import io.flm.exchange.wire.HelloDecoder;
import io.flm.exchange.wire.HelloEncoder;
import io.flm.exchange.wire.MessageHeaderEncoder;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.agrona.concurrent.UnsafeBuffer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Frames as they come out of a stream: whole, damaged, sealed, or sealed by somebody else. */
@Timeout(60)
class FrameTest {
    private static final long GENERATION = 9;

    @TempDir
    private Path folder;

    private MediaDriver driver;
    private Aeron aeron;
    private Subscription subscription;
    private ExclusivePublication publication;

    @BeforeEach
    void connect() {
        driver = MediaDriver.launch(new MediaDriver.Context()
                .aeronDirectoryName(folder.resolve("aeron").toString())
                .threadingMode(ThreadingMode.SHARED)
                .ipcTermBufferLength(1 << 16)
                .dirDeleteOnShutdown(true));
        aeron = Aeron.connect(new Aeron.Context().aeronDirectoryName(driver.aeronDirectoryName()));
        subscription = aeron.addSubscription("aeron:ipc", 1);
        publication = aeron.addExclusivePublication("aeron:ipc", 1);
        while (!publication.isConnected()) {
            Thread.onSpinWait();
        }
    }

    @AfterEach
    void disconnect() {
        aeron.close();
        driver.close();
    }

    private static byte[] key(int seed) {
        byte[] key = new byte[GroupSpec.KEY_BYTES];
        new Random(seed).nextBytes(key);
        return key;
    }

    /** A frame with a Hello in it, as it is received. */
    private byte[] sent(@Nullable FrameCipher cipher) {
        FrameWriter out =
                new FrameWriter(new PublicationOutput(publication), GENERATION, 1, cipher, new LiveCounters());
        while (!out.claim(MessageHeaderEncoder.ENCODED_LENGTH + HelloEncoder.BLOCK_LENGTH)) {
            Thread.onSpinWait(); // the driver may not have come to it
        }
        new HelloEncoder()
                .wrapAndApplyHeader(out.body(), out.bodyOffset(), new MessageHeaderEncoder())
                .spec(-5)
                .chunkBytes(1_000);
        out.commit();
        List<byte[]> frames = new ArrayList<>();
        while (frames.isEmpty()) {
            subscription.poll(
                    (buffer, offset, length, header) -> {
                        byte[] bytes = new byte[length];
                        buffer.getBytes(offset, bytes);
                        frames.add(bytes);
                    },
                    1);
        }
        return frames.get(0);
    }

    private static Opened open(FrameReader frame, byte[] bytes, @Nullable FrameCipher cipher) {
        ByteBuffer direct = ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
        return frame.wrap(new UnsafeBuffer(direct), 0, bytes.length) ? frame.open(cipher, true) : Opened.CORRUPT;
    }

    private static Opened open(byte[] bytes, @Nullable FrameCipher cipher) {
        return open(new FrameReader(), bytes, cipher);
    }

    @Test
    void comesOutAsItWentIn() {
        for (FrameCipher[] ends : new FrameCipher[][] {
            {null, null},
            {new FrameCipher(key(1), GENERATION, 1, 0, 2, 77), new FrameCipher(key(1), GENERATION, 1, 0, 2, 77)}
        }) {
            FrameReader frame = new FrameReader();
            assertThat(open(frame, sent(ends[0]), ends[1])).isEqualTo(Opened.WHOLE);
            assertThat(frame.generation()).isEqualTo(GENERATION);
            assertThat(frame.sequence()).isZero();
            assertThat(frame.node()).isEqualTo(1);
            HelloDecoder hello =
                    new HelloDecoder().wrapAndApplyHeader(frame.body(), frame.bodyOffset(), frame.header());
            assertThat(hello.spec()).isEqualTo(-5);
            assertThat(hello.chunkBytes()).isEqualTo(1_000);
        }
    }

    @Test
    void isCorruptWhereAnyBitIsAnother() {
        byte[] frame = sent(null);
        for (int bit = 0; bit < frame.length * Byte.SIZE; bit++) {
            byte[] damaged = frame.clone();
            damaged[bit / Byte.SIZE] ^= (byte) (1 << bit % Byte.SIZE);
            assertThat(open(damaged, null)).as("bit %d", bit).isEqualTo(Opened.CORRUPT);
        }
        for (int length = 0; length < frame.length; length++) {
            assertThat(open(Arrays.copyOf(frame, length), null))
                    .as("%d bytes", length)
                    .isEqualTo(Opened.CORRUPT);
        }
    }

    @Test
    void isBelievedOnlyWithTheSealOfItsDirection() {
        byte[] frame = sent(new FrameCipher(key(1), GENERATION, 1, 0, 2, 77));
        assertThat(open(frame, new FrameCipher(key(1), GENERATION, 1, 0, 2, 77)))
                .isEqualTo(Opened.WHOLE);
        for (FrameCipher other : List.of(
                new FrameCipher(key(2), GENERATION, 1, 0, 2, 77),
                new FrameCipher(key(1), GENERATION, 0, 1, 2, 77),
                new FrameCipher(key(1), GENERATION, 1, 0, 1, 77),
                new FrameCipher(key(1), GENERATION, 1, 0, 2, 78))) {
            assertThat(open(frame, other)).isEqualTo(Opened.UNAUTHENTICATED);
        }
        assertThat(open(sent(null), new FrameCipher(key(1), GENERATION, 1, 0, 2, 77)))
                .isEqualTo(Opened.UNAUTHENTICATED);
        assertThat(open(frame, null)).isEqualTo(Opened.CORRUPT);
        for (int bit = 0; bit < frame.length * Byte.SIZE; bit++) {
            byte[] damaged = frame.clone();
            damaged[bit / Byte.SIZE] ^= (byte) (1 << bit % Byte.SIZE);
            assertThat(open(damaged, new FrameCipher(key(1), GENERATION, 1, 0, 2, 77)))
                    .as("bit %d", bit)
                    .isNotEqualTo(Opened.WHOLE);
        }
    }
}
