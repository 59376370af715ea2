package io.flm.worker.checkpoint;

import io.flm.data.FileErrors;
import io.flm.data.UserException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.Map;

/**
 * An open safetensors file: 8 bytes little-endian length of the header, the header (JSON), the tensors' bytes, little-endian
 * and row-major. The header is checked against the file's size on opening, so a cut or foreign file is refused before any of
 * it is used. Tensors are read as they are asked for, so the file may be larger than memory and than 2 GiB.
 *
 * <p>Reads are positional: several threads may share one. All errors are {@link UserException}s that name the file.
 */
public final class Safetensors implements AutoCloseable {
    private static final int CHUNK_BYTES = 1 << 20;

    private final Path file;
    private final FileChannel channel;
    private final SafetensorsHeader header;
    private final long bodyStart;

    private Safetensors(Path file, FileChannel channel, SafetensorsHeader header, long bodyStart) {
        this.file = file;
        this.channel = channel;
        this.header = header;
        this.bodyStart = bodyStart;
    }

    public static Safetensors open(Path file) {
        try {
            FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
            try {
                return open(file, channel);
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
        } catch (NoSuchFileException e) {
            throw new UserException(file + ": no such file", e);
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    private static Safetensors open(Path file, FileChannel channel) throws IOException {
        long fileBytes = channel.size();
        if (fileBytes < Long.BYTES) {
            throw malformed(file, "it has " + fileBytes + " bytes");
        }
        ByteBuffer length = littleEndian(Long.BYTES);
        readFully(file, channel, length, 0);
        long headerBytes = length.getLong(0);
        if (headerBytes < 0 || headerBytes > SafetensorsHeader.MAX_BYTES) {
            throw malformed(
                    file,
                    "its first 8 bytes are no header length, which is at most " + SafetensorsHeader.MAX_BYTES
                            + " bytes");
        }
        long bodyStart = Long.BYTES + headerBytes;
        if (bodyStart > fileBytes) {
            throw malformed(file, "its header was cut: " + bodyStart + " bytes announced, " + fileBytes + " there");
        }
        byte[] json = new byte[(int) headerBytes];
        readFully(file, channel, ByteBuffer.wrap(json), Long.BYTES);
        try {
            return new Safetensors(file, channel, SafetensorsHeader.parse(json, fileBytes - bodyStart), bodyStart);
        } catch (SafetensorsHeader.MalformedException e) {
            throw malformed(file, e.how());
        }
    }

    public Path file() {
        return file;
    }

    /** The tensors by name, in the order of their bytes. */
    public Map<String, TensorInfo> tensors() {
        return Collections.unmodifiableMap(header.tensors());
    }

    public Map<String, String> metadata() {
        return Collections.unmodifiableMap(header.metadata());
    }

    /** The tensor of this name; a {@link UserException} where there is none. */
    public TensorInfo tensor(String name) {
        TensorInfo tensor = header.tensors().get(name);
        if (tensor == null) {
            throw new UserException(file + ": no tensor " + name + " among its "
                    + header.tensors().size() + "; is it a file of this model?");
        }
        return tensor;
    }

    /** A copy of a tensor's bytes, little-endian. */
    public ByteBuffer bytes(String name) {
        TensorInfo tensor = tensor(name);
        ByteBuffer bytes = littleEndian(arrayLength(tensor, tensor.sizeBytes()));
        readFully(file, channel, bytes, bodyStart + tensor.offset());
        return bytes.flip();
    }

    /** A copy of a floating-point tensor; F16, BF16 and F64 are converted. */
    public float[] floats(String name) {
        TensorInfo tensor = tensor(name);
        float[] values = new float[arrayLength(tensor, tensor.elementCount())];
        read(name, 0, FloatBuffer.wrap(values));
        return values;
    }

    /** A copy of an integer or truth tensor; U64 is taken as I64. */
    public long[] longs(String name) {
        TensorInfo tensor = tensor(name);
        long[] values = new long[arrayLength(tensor, tensor.elementCount())];
        ByteBuffer bytes = bytes(name);
        for (int index = 0; index < values.length; index++) {
            values[index] = switch (tensor.type()) {
                case BOOL, U8 -> bytes.get(index) & 0xffL;
                case I8 -> bytes.get(index);
                case U16 -> bytes.getShort(2 * index) & 0xffffL;
                case I16 -> bytes.getShort(2 * index);
                case U32 -> bytes.getInt(4 * index) & 0xffff_ffffL;
                case I32 -> bytes.getInt(4 * index);
                case I64, U64 -> bytes.getLong(8 * index);
                default -> throw new UserException(file + ": " + tensor + " holds no integers");
            };
        }
        return values;
    }

    /** Fills {@code into}, position to limit, from element {@code from} of a floating-point tensor; any size of tensor. */
    public void read(String name, long from, FloatBuffer into) {
        TensorInfo tensor = tensor(name);
        if (from < 0 || from + into.remaining() > tensor.elementCount()) {
            throw new IllegalArgumentException(
                    file + ": elements " + from + " to " + (from + into.remaining()) + " of " + tensor);
        }
        int elementBytes = tensor.type().sizeBytes();
        ByteBuffer chunk = littleEndian((int) Math.min(CHUNK_BYTES, (long) into.remaining() * elementBytes));
        long at = bodyStart + tensor.offset() + from * elementBytes;
        while (into.hasRemaining()) {
            chunk.clear().limit((int) Math.min(chunk.capacity(), (long) into.remaining() * elementBytes));
            readFully(file, channel, chunk, at);
            at += chunk.limit();
            convert(tensor, chunk.flip(), into);
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    private void convert(TensorInfo tensor, ByteBuffer from, FloatBuffer into) {
        if (!FloatValues.isFloat(tensor.type())) {
            throw new UserException(file + ": " + tensor + " holds no floats of 16, 32 or 64 bits");
        }
        FloatValues.convert(tensor.type(), from, into);
    }

    private int arrayLength(TensorInfo tensor, long count) {
        if (count > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException(file + ": " + tensor + " does not fit one array; read it by slices");
        }
        return (int) count;
    }

    private static ByteBuffer littleEndian(int sizeBytes) {
        return ByteBuffer.allocate(sizeBytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static void readFully(Path file, FileChannel channel, ByteBuffer into, long at) {
        int end = into.limit();
        try {
            while (into.position() < end) {
                // By pieces: the channel keeps a native copy as large as the largest read of a heap buffer.
                into.limit(Math.min(end, into.position() + CHUNK_BYTES));
                int count = channel.read(into, at);
                if (count < 0) {
                    throw malformed(file, "it was cut while it was read");
                }
                at += count;
            }
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    private static UserException malformed(Path file, String how) {
        return new UserException(file + ": no whole safetensors file: " + how + "; take another copy");
    }

    private static UserException unreadable(Path file, IOException cause) {
        return new UserException(file + ": cannot be read (" + FileErrors.reason(cause) + ")", cause);
    }
}
