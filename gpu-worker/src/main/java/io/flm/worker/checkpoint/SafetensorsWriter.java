package io.flm.worker.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Writes safetensors files tensor after tensor, through one buffer whatever their sizes. */
public final class SafetensorsWriter {
    private static final int CHUNK_FLOATS = 1 << 18;

    private SafetensorsWriter() {}

    /** A tensor to be written: its kind, and what produces its bytes. */
    public record Tensor(String name, TensorType type, long[] shape, Content content) {
        /** F32 values: as many from {@code offset} on as the shape holds. */
        public static Tensor floats(String name, long[] shape, FlatFloats values, long offset) {
            long count = SafetensorsHeader.sizeBytes(TensorType.F32, shape) / Float.BYTES;
            return new Tensor(name, TensorType.F32, shape, out -> writeFloats(out, values, offset, count));
        }

        /** Little-endian bytes of any type; the buffer is not moved. */
        public static Tensor bytes(String name, TensorType type, long[] shape, ByteBuffer values) {
            return new Tensor(name, type, shape, out -> writeFully(out, values.duplicate()));
        }
    }

    /** Writes a tensor's bytes. */
    @FunctionalInterface
    public interface Content {
        void writeTo(WritableByteChannel out) throws IOException;
    }

    /** Writes a new file; an existing one is overwritten. The caller decides whether it must reach the disk. */
    public static void write(Path file, Map<String, String> metadata, List<Tensor> tensors) throws IOException {
        try (FileChannel out = FileChannel.open(
                file, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            write(out, metadata, tensors);
        }
    }

    /** Writes header and tensors, in the order given, to a channel that blocks. */
    public static void write(WritableByteChannel out, Map<String, String> metadata, List<Tensor> tensors)
            throws IOException {
        List<TensorInfo> infos = new ArrayList<>();
        Set<String> names = new HashSet<>();
        long end = 0;
        for (Tensor tensor : tensors) {
            long sizeBytes = SafetensorsHeader.sizeBytes(tensor.type(), tensor.shape());
            TensorInfo info = new TensorInfo(tensor.name(), tensor.type(), tensor.shape(), end, sizeBytes);
            if (sizeBytes < 0 || !names.add(tensor.name())) {
                throw new IllegalArgumentException("no such tensor can be written, or twice: " + info);
            }
            infos.add(info);
            end += sizeBytes;
        }
        byte[] header = SafetensorsHeader.format(metadata, infos);
        ByteBuffer start = ByteBuffer.allocate(Long.BYTES + header.length).order(ByteOrder.LITTLE_ENDIAN);
        writeFully(out, start.putLong(header.length).put(header).flip());
        for (int index = 0; index < infos.size(); index++) {
            CountingChannel counted = new CountingChannel(out);
            tensors.get(index).content().writeTo(counted);
            if (counted.count != infos.get(index).sizeBytes()) {
                throw new IllegalArgumentException(infos.get(index) + ": " + counted.count + " bytes given, "
                        + infos.get(index).sizeBytes() + " announced");
            }
        }
    }

    private static void writeFloats(WritableByteChannel out, FlatFloats values, long offset, long count)
            throws IOException {
        ByteBuffer chunk = ByteBuffer.allocateDirect((int) Math.min(count, CHUNK_FLOATS) * Float.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN);
        for (long done = 0; done < count; ) {
            int floats = (int) Math.min(count - done, CHUNK_FLOATS);
            chunk.clear().limit(floats * Float.BYTES);
            values.read(offset + done, chunk.asFloatBuffer());
            writeFully(out, chunk);
            done += floats;
        }
    }

    private static void writeFully(WritableByteChannel out, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            out.write(bytes);
        }
    }

    private static final class CountingChannel implements WritableByteChannel {
        private final WritableByteChannel out;
        private long count;

        private CountingChannel(WritableByteChannel out) {
            this.out = out;
        }

        @Override
        public int write(ByteBuffer bytes) throws IOException {
            int written = out.write(bytes);
            count += written;
            return written;
        }

        @Override
        public boolean isOpen() {
            return out.isOpen();
        }

        @Override
        public void close() {
            throw new UnsupportedOperationException("the writer's caller closes its channel");
        }
    }
}
