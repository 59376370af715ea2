package io.flm.worker.checkpoint;

import io.flm.data.UserException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
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

    private final PositionalFile file;
    private final SafetensorsHeader header;
    private final long bodyStart;

    private Safetensors(PositionalFile file, SafetensorsHeader header, long bodyStart) {
        this.file = file;
        this.header = header;
        this.bodyStart = bodyStart;
    }

    public static Safetensors open(Path path) {
        PositionalFile file = PositionalFile.open(path);
        try {
            return open(file);
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    private static Safetensors open(PositionalFile file) {
        long fileBytes = file.sizeBytes();
        if (fileBytes < Long.BYTES) {
            throw malformed(file, "it has " + fileBytes + " bytes");
        }
        ByteBuffer length = littleEndian(Long.BYTES);
        readFully(file, length, 0);
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
        readFully(file, ByteBuffer.wrap(json), Long.BYTES);
        try {
            return new Safetensors(file, SafetensorsHeader.parse(json, fileBytes - bodyStart), bodyStart);
        } catch (SafetensorsHeader.MalformedException e) {
            throw malformed(file, e.how());
        }
    }

    public Path file() {
        return file.path();
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
            throw new UserException(file() + ": no tensor " + name + " among its "
                    + header.tensors().size() + "; is it a file of this model?");
        }
        return tensor;
    }

    /** A copy of a tensor's bytes, little-endian. */
    public ByteBuffer bytes(String name) {
        TensorInfo tensor = tensor(name);
        ByteBuffer bytes = littleEndian(arrayLength(tensor, tensor.sizeBytes()));
        readFully(file, bytes, bodyStart + tensor.offset());
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
                default -> throw new UserException(file() + ": " + tensor + " holds no integers");
            };
        }
        return values;
    }

    /** Fills {@code into}, position to limit, from element {@code from} of a floating-point tensor; any size of tensor. */
    public void read(String name, long from, FloatBuffer into) {
        TensorInfo tensor = tensor(name);
        if (from < 0 || from + into.remaining() > tensor.elementCount()) {
            throw new IllegalArgumentException(
                    file() + ": elements " + from + " to " + (from + into.remaining()) + " of " + tensor);
        }
        int elementBytes = tensor.type().sizeBytes();
        ByteBuffer chunk = littleEndian((int) Math.min(CHUNK_BYTES, (long) into.remaining() * elementBytes));
        long at = bodyStart + tensor.offset() + from * elementBytes;
        while (into.hasRemaining()) {
            chunk.clear().limit((int) Math.min(chunk.capacity(), (long) into.remaining() * elementBytes));
            readFully(file, chunk, at);
            at += chunk.limit();
            convert(tensor, chunk.flip(), into);
        }
    }

    @Override
    public void close() {
        file.close();
    }

    private void convert(TensorInfo tensor, ByteBuffer from, FloatBuffer into) {
        if (!FloatValues.isFloat(tensor.type())) {
            throw new UserException(file() + ": " + tensor + " holds no floats of 16, 32 or 64 bits");
        }
        FloatValues.convert(tensor.type(), from, into);
    }

    private int arrayLength(TensorInfo tensor, long count) {
        if (count > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException(file() + ": " + tensor + " does not fit one array; read it by slices");
        }
        return (int) count;
    }

    private static ByteBuffer littleEndian(int sizeBytes) {
        return ByteBuffer.allocate(sizeBytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static void readFully(PositionalFile file, ByteBuffer into, long at) {
        if (!file.read(at, into)) {
            throw malformed(file, "it was cut while it was read");
        }
    }

    private static UserException malformed(PositionalFile file, String how) {
        return new UserException(file.path() + ": no whole safetensors file: " + how + "; take another copy");
    }
}
