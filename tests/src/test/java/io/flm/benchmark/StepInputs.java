package io.flm.benchmark;

import akka.actor.ClassicActorSystemProvider;
import io.flm.data.BatchReader;
import io.flm.data.Ingest;
import io.flm.data.LaneBatch;
import io.flm.data.Reconstruction;
import io.flm.data.TextBatch;
import io.flm.data.TokenTargets;
import io.flm.worker.checkpoint.FlatFloats;
import io.flm.worker.checkpoint.SafetensorsWriter;
import io.flm.worker.checkpoint.SafetensorsWriter.Tensor;
import io.flm.worker.checkpoint.TensorType;
import io.flm.worker.model.Parameter;
import io.flm.worker.model.ParameterStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What every contender of the step benchmark starts with, as safetensors: the weights, and each step's global batch, lane
 * after lane. B rows of all lanes, L the longest row.
 *
 * <pre>
 *   N.ids N.query N.left N.right [B, L]   N.lengths [B]   N.pixels uint8 [B, 3, S, S]      of step N
 *   N.rec N.l2r N.r2l [B, L]              the token to predict at each position, -100 where there is none
 * </pre>
 */
record StepInputs(Path folder, int lanes, int microBatch, int imageSize) {
    private static final int NOT_PREDICTED = -100;
    private static final List<String> HEADS = List.of("rec", "l2r", "r2l");

    static void writeWeights(Path folder, ParameterStore store) {
        float[] values = new float[Math.toIntExact(store.size())];
        store.read(ParameterStore.Buffer.VALUES, 0, FloatBuffer.wrap(values));
        List<Tensor> tensors = new ArrayList<>();
        for (Parameter p : store.layout()) {
            tensors.add(Tensor.floats(p.name(), p.shape(), FlatFloats.of(FloatBuffer.wrap(values)), p.offset()));
        }
        write(folder.resolve("weights.safetensors"), tensors);
    }

    void writeBatches(Ingest ingest, ClassicActorSystemProvider system, int steps) throws InterruptedException {
        List<Tensor> tensors = new ArrayList<>();
        try (BatchReader reader = ingest.reader(system, 0, 0, lanes)) {
            for (int step = 0; step < steps; step++) {
                List<LaneBatch> parts = new ArrayList<>();
                for (int lane = 0; lane < lanes; lane++) {
                    parts.add(reader.next());
                }
                tensors.addAll(batch(step, parts));
            }
        }
        write(folder.resolve("batches.safetensors"), tensors);
    }

    private List<Tensor> batch(int step, List<LaneBatch> parts) {
        int length = parts.stream().mapToInt(p -> p.text().length()).max().orElseThrow();
        int rows = lanes * microBatch;
        int[] ids = filled(rows * length, 1);
        int[] query = new int[rows * length];
        int[] left = new int[rows * length];
        int[] right = new int[rows * length];
        int[] lengths = new int[rows];
        int[][] targets = new int[HEADS.size()][];
        Arrays.setAll(targets, h -> filled(rows * length, NOT_PREDICTED));
        ByteBuffer pixels = ByteBuffer.allocate(rows * 3 * imageSize * imageSize);
        for (int lane = 0; lane < lanes; lane++) {
            TextBatch text = parts.get(lane).text();
            int first = lane * microBatch;
            widen(text.ids(), text.length(), ids, length, first);
            Reconstruction reconstruction = Objects.requireNonNull(text.reconstruction());
            widen(reconstruction.queryIds(), text.length(), query, length, first);
            widen(reconstruction.left(), text.length(), left, length, first);
            widen(reconstruction.right(), text.length(), right, length, first);
            System.arraycopy(text.lengths(), 0, lengths, first, microBatch);
            for (int h = 0; h < targets.length; h++) {
                TokenTargets t = text.tokens(h);
                for (int k = 0; k < t.count(); k++) {
                    int row = first + t.positions()[k] / text.length();
                    targets[h][row * length + t.positions()[k] % text.length()] = t.ids()[k];
                }
            }
            pixels.put(parts.get(lane).pixels().duplicate());
        }
        List<Tensor> tensors = new ArrayList<>();
        tensors.add(ints(step + ".ids", ids, rows, length));
        tensors.add(ints(step + ".query", query, rows, length));
        tensors.add(ints(step + ".left", left, rows, length));
        tensors.add(ints(step + ".right", right, rows, length));
        tensors.add(ints(step + ".lengths", lengths, rows));
        for (int h = 0; h < targets.length; h++) {
            tensors.add(ints(step + "." + HEADS.get(h), targets[h], rows, length));
        }
        tensors.add(Tensor.bytes(
                step + ".pixels", TensorType.U8, new long[] {rows, 3, imageSize, imageSize}, pixels.flip()));
        return tensors;
    }

    private static int[] filled(int count, int value) {
        int[] values = new int[count];
        Arrays.fill(values, value);
        return values;
    }

    /** Copies rows of one length to rows of another, from row {@code first} on. */
    private static void widen(int[] from, int fromLength, int[] to, int toLength, int first) {
        for (int row = 0; row < from.length / fromLength; row++) {
            System.arraycopy(from, row * fromLength, to, (first + row) * toLength, fromLength);
        }
    }

    private static Tensor ints(String name, int[] values, long... shape) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asIntBuffer().put(values);
        return Tensor.bytes(name, TensorType.I32, shape, bytes);
    }

    private static void write(Path file, List<Tensor> tensors) {
        try {
            SafetensorsWriter.write(file, Map.of(), tensors);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
