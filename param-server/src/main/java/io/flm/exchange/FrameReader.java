package io.flm.exchange;

import io.flm.exchange.wire.EnvelopeDecoder;
import io.flm.exchange.wire.MessageHeaderDecoder;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.jspecify.annotations.Nullable;

/** Looks into a received frame where it lies in its stream's buffer: first its envelope, then, opened, its body. */
final class FrameReader {
    /** Bytes of the longest frame, envelope and all. */
    static final int LONGEST = 1 << 16;

    private final MessageHeaderDecoder header = new MessageHeaderDecoder();
    private final EnvelopeDecoder envelope = new EnvelopeDecoder();
    private final CRC32C crc = new CRC32C();
    private final ByteBuffer plain = ByteBuffer.allocateDirect(LONGEST).order(ByteOrder.LITTLE_ENDIAN);
    private final UnsafeBuffer plainBuffer = new UnsafeBuffer(plain);

    private DirectBuffer frame = plainBuffer;
    private int offset;
    private int length;

    private DirectBuffer body = plainBuffer;
    private int bodyOffset;
    private int bodyLength;

    /** False where this is no frame of this schema. */
    boolean wrap(DirectBuffer buffer, int at, int size) {
        frame = buffer;
        offset = at;
        length = size;
        if (size < FrameWriter.ENVELOPE_BYTES + MessageHeaderDecoder.ENCODED_LENGTH || size > plain.capacity()) {
            return false;
        }
        header.wrap(buffer, at);
        if (!isOurs() || header.templateId() != EnvelopeDecoder.TEMPLATE_ID) {
            return false;
        }
        envelope.wrap(buffer, at + header.encodedLength(), header.blockLength(), header.version());
        return header.blockLength() == EnvelopeDecoder.BLOCK_LENGTH;
    }

    private boolean isOurs() {
        return header.schemaId() == EnvelopeDecoder.SCHEMA_ID && header.version() == EnvelopeDecoder.SCHEMA_VERSION;
    }

    long generation() {
        return envelope.generation();
    }

    long sequence() {
        return envelope.sequence();
    }

    int node() {
        return envelope.node();
    }

    /** What became of a frame. */
    enum Opened {
        WHOLE,
        CORRUPT,
        UNAUTHENTICATED
    }

    /**
     * Checks the frame, and makes its body readable; with a cipher nothing is believed that was not encrypted with its key.
     *
     * @param checked whether a frame that is not encrypted has a checksum, see {@link FrameOutput#isChecked}
     */
    Opened open(@Nullable FrameCipher cipher, boolean checked) {
        ByteBuffer start = FrameWriter.slice(
                frame, offset, cipher == null ? FrameWriter.CHECKSUM_OFFSET : FrameWriter.ENVELOPE_BYTES);
        int restLength = length - FrameWriter.ENVELOPE_BYTES;
        ByteBuffer rest = FrameWriter.slice(frame, offset + FrameWriter.ENVELOPE_BYTES, restLength);
        if (cipher != null) {
            boolean genuine = envelope.encrypted() == 1
                    && restLength >= FrameCipher.TAG_BYTES + MessageHeaderDecoder.ENCODED_LENGTH
                    && cipher.decrypt(envelope.sequence(), start, rest, plain);
            plain.clear();
            if (!genuine) {
                return Opened.UNAUTHENTICATED;
            }
            body = plainBuffer;
            bodyOffset = 0;
            bodyLength = restLength - FrameCipher.TAG_BYTES;
        } else {
            if (envelope.encrypted() != 0 || (checked && envelope.checksum() != checksum(start, rest))) {
                return Opened.CORRUPT;
            }
            body = frame;
            bodyOffset = offset + FrameWriter.ENVELOPE_BYTES;
            bodyLength = restLength;
        }
        header.wrap(body, bodyOffset);
        return isOurs() && header.blockLength() <= bodyLength - MessageHeaderDecoder.ENCODED_LENGTH
                ? Opened.WHOLE
                : Opened.CORRUPT;
    }

    private long checksum(ByteBuffer start, ByteBuffer rest) {
        crc.reset();
        crc.update(start);
        crc.update(rest);
        return crc.getValue();
    }

    /** The header of the message in the body. */
    MessageHeaderDecoder header() {
        return header;
    }

    DirectBuffer body() {
        return body;
    }

    /** Where the message in the body begins, its header behind it. */
    int bodyOffset() {
        return bodyOffset;
    }

    int bodyEnd() {
        return bodyOffset + bodyLength;
    }

    /** Bytes of the body, by their offset in {@link #body}; null if the frame does not have them. */
    @Nullable ByteBuffer bytes(int at, long count) {
        return count < 0 || count > bodyEnd() - at ? null : FrameWriter.slice(body, at, (int) count);
    }
}
