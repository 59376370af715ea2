package io.flm.worker.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.flm.worker.torch.Script;
import io.flm.worker.torch.Torch;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A gradient of all parameters: one flat float32 buffer on the device, in the layout of the {@link ParameterStore}. */
public final class Gradient {
    private final Script script;
    private final NDArray flat;
    private final List<NDArray> stages = new ArrayList<>();
    private final List<List<NDArray>> units; // by stage, in flat order
    private final List<FloatBuffer> host = new ArrayList<>();
    private final boolean[] copied; // by stage: the host has what the device has

    Gradient(Script script, NDManager owner, long[] stageStarts, List<List<ParameterStore.Range>> ranges) {
        this.script = script;
        flat = owner.zeros(new Shape(stageStarts[stageStarts.length - 1]), DataType.FLOAT32);
        boolean onCpu = !owner.getDevice().isGpu();
        units = new ArrayList<>();
        copied = new boolean[stageStarts.length - 1];
        for (int stage = 0; stage + 1 < stageStarts.length; stage++) {
            long from = stageStarts[stage];
            long size = stageStarts[stage + 1] - from;
            NDArray range = Torch.view(owner, flat, from, size);
            stages.add(range);
            List<NDArray> views = new ArrayList<>();
            for (ParameterStore.Range r : ranges.get(stage)) {
                views.add(Torch.view(owner, flat, r.offset(), r.shape()));
            }
            units.add(views);
            host.add((onCpu
                            ? Torch.memory(range)
                            : ByteBuffer.allocateDirect(Math.toIntExact(4 * size))
                                    .order(java.nio.ByteOrder.nativeOrder()))
                    .asFloatBuffer());
        }
    }

    /** The whole gradient, on the device; the caller may change it. */
    NDArray flat() {
        Arrays.fill(copied, false);
        return flat;
    }

    /** Takes over the gradients of a stage's parameters, in flat order. */
    void put(int stage, List<NDArray> gradients) {
        copied[stage] = false;
        script.run("copy", units.get(stage), gradients);
    }

    /** Adds another gradient's stage to this one's. */
    public void add(Gradient other, int stage) {
        copied[stage] = false;
        script.run("add", stages.get(stage), other.stages.get(stage));
    }

    /** Rounds a stage to what bfloat16 can hold: to nearest, ties to even. */
    public void roundToBf16(int stage) {
        copied[stage] = false;
        script.run("round_bf16", stages.get(stage));
    }

    /**
     * A stage's range in host memory: on the CPU the very memory, so what is written is what the optimizer reads; on another
     * device a copy, which {@link #load} brings back.
     */
    public FloatBuffer segment(int stage) {
        FloatBuffer buffer = host.get(stage);
        if (flat.getDevice().isGpu() && !copied[stage]) {
            NDArray range = stages.get(stage);
            try (NDManager scope = range.getManager().newSubManager()) { // the copy on the CPU ends with it
                ByteBuffer bytes = Torch.rows(scope, range, 0, range.size()).toByteBuffer();
                buffer.clear();
                buffer.put(bytes.asFloatBuffer());
            }
            copied[stage] = true;
        }
        return buffer.duplicate().clear();
    }

    /** Brings what was written to {@link #segment} back to the device. */
    public void load(int stage) {
        if (flat.getDevice().isGpu()) {
            NDArray range = stages.get(stage);
            try (NDManager scope = range.getManager().newSubManager()) {
                NDArray values = scope.create(host.get(stage).duplicate().clear(), range.getShape());
                script.run("copy", List.of(range), List.of(values));
            }
            copied[stage] = true;
        }
    }
}
