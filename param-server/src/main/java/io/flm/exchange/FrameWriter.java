package io.flm.exchange;

import io.flm.exchange.wire.EnvelopeEncoder;
import io.flm.exchange.wire.MessageHeaderEncoder;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Writes the frames of one generation into one stream to a peer, straight into the stream's buffer: {@code claim}, write the
 * body, {@code commit}. With a key the body is written elsewhere first and encrypted into the buffer.
 */
final class FrameWriter {
    static final int ENVELOPE_BYTES = MessageHeaderEncoder.ENCODED_LENGTH + EnvelopeEncoder.BLOCK_LENGTH;
    static final int CHECKSUM_OFFSET = MessageHeaderEncoder.ENCODED_LENGTH + EnvelopeEncoder.checksumEncodingOffset();

    private final FrameOutput output;
    private final long generation;
    private final int node;
    private final @Nullable FrameCipher cipher;
    private final LiveCounters counts;
    private final MessageHeaderEncoder header = new MessageHeaderEncoder();
    private final EnvelopeEncoder envelope = new EnvelopeEncoder();
    private final CRC32C crc = new CRC32C();
    private final ByteBuffer plain;
    private final UnsafeBuffer plainBuffer;
    private long sequence;
    private int bodyLength;

    FrameWriter(FrameOutput output, long generation, int node, @Nullable FrameCipher cipher, LiveCounters counts) {
        this.output = output;
        this.generation = generation;
        this.node = node;
        this.cipher = cipher;
        this.counts = counts;
        this.plain = ByteBuffer.allocateDirect(cipher == null ? 0 : output.maxFrameLength())
                .order(ByteOrder.LITTLE_ENDIAN);
        this.plainBuffer = new UnsafeBuffer(plain);
    }

    /** The longest body that fits a frame. */
    int maxBodyLength() {
        return output.maxFrameLength() - ENVELOPE_BYTES - (cipher == null ? 0 : FrameCipher.TAG_BYTES);
    }

    /** Makes room for a body; false if the peer has to read first, or is not connected. */
    boolean claim(int length) {
        int tag = cipher == null ? 0 : FrameCipher.TAG_BYTES;
        if (!output.claim(ENVELOPE_BYTES + length + tag)) {
            return false;
        }
        bodyLength = length;
        envelope.wrapAndApplyHeader(output.buffer(), output.offset(), header)
                .generation(generation)
                .sequence(sequence)
                .node(node)
                .encrypted(cipher == null ? 0 : 1)
                .checksum(0);
        return true;
    }

    MutableDirectBuffer body() {
        return cipher == null ? output.buffer() : plainBuffer;
    }

    int bodyOffset() {
        return cipher == null ? output.offset() + ENVELOPE_BYTES : 0;
    }

    /** A part of the body, by its offset in {@link #body}. */
    ByteBuffer bytes(int offset, int length) {
        return slice(body(), offset, length);
    }

    void commit() {
        ByteBuffer start = slice(output.buffer(), output.offset(), cipher == null ? CHECKSUM_OFFSET : ENVELOPE_BYTES);
        int tag = cipher == null ? 0 : FrameCipher.TAG_BYTES;
        ByteBuffer rest = slice(output.buffer(), output.offset() + ENVELOPE_BYTES, bodyLength + tag);
        if (cipher != null) {
            cipher.encrypt(sequence, start, plain.limit(bodyLength), rest);
            plain.clear();
        } else if (output.isChecked()) {
            crc.reset();
            crc.update(start);
            crc.update(rest);
            envelope.checksum(crc.getValue());
        }
        output.commit();
        sequence++;
        counts.framesSent.increment();
        counts.bytesSent.add(ENVELOPE_BYTES + bodyLength + tag);
    }

    void abort() {
        output.abort();
    }

    static ByteBuffer slice(org.agrona.DirectBuffer buffer, int offset, int length) {
        ByteBuffer whole = buffer.byteBuffer();
        if (whole == null) {
            throw new IllegalStateException("a frame outside of a byte buffer");
        }
        return whole.slice(buffer.wrapAdjustment() + offset, length).order(ByteOrder.LITTLE_ENDIAN);
    }
}
