package io.flm.worker.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.flm.worker.torch.Script;
import io.flm.worker.torch.Torch;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A gradient of all parameters: one flat float32 buffer on the device, in the layout of the {@link ParameterStore}. */
public final class Gradient {
    private final Script script;
    private final NDArray flat;
    private final List<NDArray> stages = new ArrayList<>();
    private final List<List<NDArray>> units; // by stage, in flat order
    private final boolean onGpu;
    private final @Nullable NDArray[]
            staging; // by stage, in host memory: on the CPU the stage itself, else once it is wanted
    private final boolean[] copied; // by stage: the host has what the device has

    Gradient(Script script, NDManager owner, long[] stageStarts, List<List<ParameterStore.Range>> ranges) {
        this.script = script;
        onGpu = owner.getDevice().isGpu();
        flat = owner.zeros(new Shape(stageStarts[stageStarts.length - 1]), DataType.FLOAT32);
        units = new ArrayList<>();
        staging = new NDArray[stageStarts.length - 1];
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
            staging[stage] = onGpu ? null : range;
        }
    }

    /** The whole gradient, on the device; the caller may change it. */
    public NDArray flat() {
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
        if (onGpu && !copied[stage]) {
            script.run("copy", List.of(staging(stage)), List.of(stages.get(stage)));
            copied[stage] = true;
        }
        return Torch.memory(staging(stage)).asFloatBuffer();
    }

    /** Brings what was written to {@link #segment} back to the device. */
    public void load(int stage) {
        if (onGpu) {
            script.run("copy", List.of(stages.get(stage)), List.of(staging(stage)));
            copied[stage] = true;
        }
    }

    /** The values of one parameter, copied. */
    public float[] read(Parameter parameter) {
        try (NDManager scope = flat.getManager().newSubManager()) {
            return Torch.view(scope, flat, parameter.offset(), parameter.size()).toFloatArray();
        }
    }

    private NDArray staging(int stage) {
        NDArray there = staging[stage];
        if (there == null) {
            NDArray range = stages.get(stage);
            there = Torch.staging(range.getManager(), range.size());
            staging[stage] = there;
        }
        return there;
    }
}
