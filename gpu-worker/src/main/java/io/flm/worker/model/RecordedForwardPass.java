package io.flm.worker.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.flm.worker.torch.Script;
import io.flm.worker.torch.Torch;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;

/**
 * A forward pass recorded for backward. The autograd graph is cut between stages, so backward runs one stage at a time, last
 * first, and a stage's parameter gradients are ready to be sent before the next stage starts. With {@code recompute} a stage
 * keeps only its inputs, and runs again when its gradients are needed.
 */
final class RecordedForwardPass implements ForwardPass {
    /** The kernels of a stage, in a scope: with the same seeds each time. */
    @FunctionalInterface
    interface KernelsOf {
        Kernels of(Stage stage, NDManager scope);
    }

    /** Takes the gradients of a stage's own parameters, in flat order; closed when the call returns. */
    interface Sink {
        void accept(Stage stage, List<NDArray> gradients);
    }

    private record Recorded(
            Stage stage,
            List<NDArray> own,
            List<NDArray> borrowed,
            List<NDArray> sources,
            List<NDArray> leaves,
            List<NDArray> outputs,
            Body body,
            NDManager scope) {}

    private final Script script;
    private final NDManager scope;
    private final ParameterStore parameters;
    private final KernelsOf kernels;
    private final boolean recompute;
    private final Deque<Recorded> stages = new ArrayDeque<>();

    RecordedForwardPass(
            Script script, NDManager scope, ParameterStore parameters, KernelsOf kernels, boolean recompute) {
        this.script = script;
        this.scope = scope;
        this.parameters = parameters;
        this.kernels = kernels;
        this.recompute = recompute;
    }

    /** The gradients of borrowed parameters are added to those of the stage that lends them. */
    @Override
    public List<NDArray> run(Stage stage, List<NDArray> borrowed, List<NDArray> inputs, Body body) {
        List<NDArray> leaves =
                inputs.stream().map(x -> script.call(scope, "cut", x)).toList();
        NDManager kept = scope.newSubManager();
        List<NDArray> outputs;
        if (recompute) {
            Torch.record(false);
            try (NDManager discarded = scope.newSubManager()) {
                outputs = body.run(kernels.of(stage, discarded), leaves);
                outputs.forEach(o -> o.attach(scope));
            } finally {
                Torch.record(true);
            }
        } else {
            outputs = body.run(kernels.of(stage, kept), leaves);
            outputs.forEach(o -> o.attach(scope));
        }
        stages.push(new Recorded(stage, parameters.stage(stage), borrowed, inputs, leaves, outputs, body, kept));
        return outputs;
    }

    /** Runs backward from the last stage's first output, a scalar. */
    void backward(Sink sink) {
        IdentityHashMap<NDArray, NDArray> upstream =
                new IdentityHashMap<>(); // output or borrowed parameter -> its gradient so far
        NDArray loss = stages.element().outputs().get(0);
        upstream.put(loss, script.call(scope, "ones_like", loss));
        while (!stages.isEmpty()) {
            Recorded s = stages.pop();
            try (NDManager kept = s.scope()) {
                backward(s, kept, upstream, sink);
            }
        }
    }

    private void backward(Recorded s, NDManager kept, IdentityHashMap<NDArray, NDArray> upstream, Sink sink) {
        Torch.record(true);
        List<NDArray> gradients;
        try {
            List<NDArray> outputs = recompute ? s.body().run(kernels.of(s.stage(), kept), s.leaves()) : s.outputs();
            List<NDArray> roots = new ArrayList<>();
            List<NDArray> seeds = new ArrayList<>();
            for (int i = 0; i < outputs.size(); i++) {
                NDArray seed = upstream.remove(s.outputs().get(i));
                if (seed != null) {
                    roots.add(outputs.get(i));
                    seeds.add(seed);
                }
            }
            List<NDArray> inputs = new ArrayList<>(s.own());
            inputs.addAll(s.borrowed());
            inputs.addAll(s.leaves());
            gradients = script.callList(kept, "gradients", roots, seeds, inputs);
        } finally {
            Torch.record(false);
        }
        int own = s.own().size();
        List<NDArray> complete = new ArrayList<>(gradients.subList(0, own));
        for (int i = 0; i < own; i++) {
            NDArray lent = upstream.remove(s.own().get(i));
            if (lent != null) {
                complete.set(i, script.call(kept, "sum", complete.get(i), lent));
            }
        }
        sink.accept(s.stage(), complete);
        List<NDArray> targets = new ArrayList<>(s.borrowed());
        targets.addAll(s.sources());
        for (int i = 0; i < targets.size(); i++) {
            NDArray g = gradients.get(own + i);
            g.attach(scope);
            upstream.merge(targets.get(i), g, (a, b) -> script.call(scope, "sum", a, b));
        }
    }
}
