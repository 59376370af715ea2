package io.flm.worker.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.flm.data.RandomStream;
import io.flm.data.Sha256;
import io.flm.worker.torch.Script;
import io.flm.worker.torch.Script.Params;
import io.flm.worker.torch.Torch;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.function.ToDoubleFunction;

/**
 * All parameters of a model as views into one flat float32 array, and the AdamW moments in equal layout. The order is stage,
 * then whether it is of the encoders ({@link RateGroup#BASE}), then decay, then declaration; so a stage is one range, and without
 * decay by layers few ranges of it have an optimizer's settings of their own.
 */
public final class ParameterStore {
    /** Where a kernel argument lies. */
    record Range(long offset, long[] shape) {}

    /**
     * Neighbours that share a rate and a decay, of one stage: what the optimizer updates at once.
     *
     * @param factor of the learning rate
     * @param from where they begin in the flat buffer
     */
    public record Group(
            double factor,
            boolean decay,
            long from,
            long size,
            Params values,
            Params firstMoments,
            Params secondMoments) {}

    private static final long CHUNK = 1 << 20; // floats a copy, so that a copy through the host stays small

    private final Script script;
    private final NDManager owner;
    private final List<KernelArgument> arguments; // in flat order
    private final List<Parameter> layout = new ArrayList<>();
    private final List<List<Range>> ranges = new ArrayList<>();
    private final List<List<NDArray>> stages = new ArrayList<>(); // views by stage, in flat order
    private final IdentityHashMap<KernelArgument, NDArray> views = new IdentityHashMap<>();
    private final long[] stageStarts = new long[Stage.COUNT + 1];
    private final NDArray values;
    private final NDArray firstMoments;
    private final NDArray secondMoments;
    private final List<Params> lent = new ArrayList<>(); // they hold the memory of their arrays until closed

    /** Gives the layers' parameters their memory. */
    ParameterStore(Script script, NDManager owner, Parameters declared) {
        this.script = script;
        this.owner = owner;
        arguments = declared.arguments()
                .sorted(Comparator.comparing(KernelArgument::stage)
                        .thenComparing(argument -> argument.group() != RateGroup.BASE)
                        .thenComparing(KernelArgument::decay))
                .toList();
        long size = declared.size();
        values = owner.zeros(new Shape(size), DataType.FLOAT32);
        firstMoments = owner.zeros(new Shape(size), DataType.FLOAT32);
        secondMoments = owner.zeros(new Shape(size), DataType.FLOAT32);
        for (int stage = 0; stage < Stage.COUNT; stage++) {
            ranges.add(new ArrayList<>());
            stages.add(new ArrayList<>());
        }
        long at = 0;
        for (KernelArgument argument : arguments) {
            int stage = argument.stage().index();
            NDArray view = Torch.view(owner, values, at, argument.packedShape());
            view.setRequiresGradient(true); // a leaf, since it was made with gradient mode off
            views.put(argument, view);
            ranges.get(stage).add(new Range(at, argument.packedShape()));
            stages.get(stage).add(view);
            long part = argument.size() / argument.names().size();
            for (String name : argument.names()) {
                layout.add(new Parameter(
                        name, at, argument.shape(), stage, argument.group(), argument.depth(), argument.decay()));
                at += part;
            }
            stageStarts[stage + 1] = at;
        }
        for (LayerParameters layer : declared.layers()) {
            layer.bind(
                    lent(new Params(layer.arguments().stream().map(this::view).toList())));
        }
    }

    /**
     * What is updated at once: together all parameters, in flat order.
     *
     * @param factor of a parameter's learning rate. Neighbours whose factors are equal are one group, whatever makes them so: the last
     *     values of a range are not updated in whole vectors, which shows in the last bit
     */
    public List<Group> groups(ToDoubleFunction<Parameter> factor) {
        List<Group> groups = new ArrayList<>();
        for (int i = 0; i < layout.size(); ) {
            Parameter first = layout.get(i);
            double rate = factor.applyAsDouble(first);
            long end = first.offset();
            while (i < layout.size()
                    && layout.get(i).stage() == first.stage()
                    && factor.applyAsDouble(layout.get(i)) == rate
                    && layout.get(i).decay() == first.decay()) {
                end = layout.get(i).offset() + layout.get(i).size();
                i++;
            }
            long from = first.offset();
            long size = end - from;
            groups.add(new Group(
                    rate,
                    first.decay(),
                    from,
                    size,
                    params(values, from, size),
                    params(firstMoments, from, size),
                    params(secondMoments, from, size)));
        }
        return groups;
    }

    private Params params(NDArray flat, long from, long size) {
        return lent(new Params(List.of(Torch.view(owner, flat, from, size))));
    }

    /** The official tensors, in flat order. */
    public List<Parameter> layout() {
        return List.copyOf(layout);
    }

    /** The number of values. */
    public long size() {
        return stageStarts[Stage.COUNT];
    }

    public int stageCount() {
        return Stage.COUNT;
    }

    public Gradient newGradient() {
        return new Gradient(script, owner, stageStarts, ranges);
    }

    private Params lent(Params params) {
        lent.add(params);
        return params;
    }

    /** Ends the use of all kernel arguments; the arrays go with the manager that owns them. */
    void close() {
        lent.forEach(Params::close);
        lent.clear();
    }

    private NDArray view(KernelArgument argument) {
        return Objects.requireNonNull(views.get(argument));
    }

    /** The arrays of a stage's parameters, in flat order. */
    List<NDArray> stage(Stage stage) {
        return stages.get(stage.index());
    }

    /** Sets the initial values, each tensor from its own random stream, and clears the moments. */
    public void initialize(long seed) {
        for (KernelArgument argument : arguments) {
            NDArray view = view(argument).stopGradient();
            if (argument.init() instanceof Init.Normal n) {
                long key = RandomStream.key(
                        seed, RandomStream.Purpose.WEIGHTS, argument.key().hashCode());
                script.run("normal", view, n.deviation(), key >>> 1);
            } else if (argument.init() instanceof Init.Constant c) {
                script.run("fill", view, c.value());
            }
            view.close();
        }
        script.run("fill", firstMoments, 0.0);
        script.run("fill", secondMoments, 0.0);
    }

    /** The kernels; those that update parameters write into the groups. */
    public Script script() {
        return script;
    }

    /** A float32 number on the parameters' device; it lives as long as they do. */
    public NDArray newScalar() {
        return owner.zeros(new Shape(), DataType.FLOAT32);
    }

    /** What the flat buffers hold. */
    public enum Buffer {
        VALUES,
        FIRST_MOMENTS,
        SECOND_MOMENTS
    }

    private NDArray buffer(Buffer which) {
        return switch (which) {
            case VALUES -> values;
            case FIRST_MOMENTS -> firstMoments;
            case SECOND_MOMENTS -> secondMoments;
        };
    }

    /** Copies a range to the host. */
    public void read(Buffer which, long from, FloatBuffer to) {
        try (NDManager scope = owner.newSubManager()) { // a copy on the CPU, too, ends with it
            NDArray range = Torch.view(scope, buffer(which), from, to.remaining());
            ByteBuffer bytes = range.getDevice().isGpu()
                    ? range.toByteBuffer().order(ByteOrder.nativeOrder())
                    : Torch.memory(range); // a copy would take the Java heap as much memory
            to.put(bytes.asFloatBuffer());
        }
    }

    /** Copies from the host into a range. By a script: DJL's NDArray.set gives a view a storage of its own. */
    public void write(Buffer which, long from, FloatBuffer source) {
        long count = source.remaining();
        try (NDManager scope = owner.newSubManager()) {
            NDArray values = scope.create(source, new Shape(count));
            script.run("copy", List.of(Torch.view(scope, buffer(which), from, count)), List.of(values));
        }
    }

    /** SHA-256 over the values in flat order, float32 little-endian, in hexadecimal. */
    public String sha256() {
        MessageDigest digest = Sha256.newDigest();
        ByteBuffer bytes = ByteBuffer.allocate((int) (4 * CHUNK)).order(ByteOrder.LITTLE_ENDIAN);
        for (long from = 0; from < size(); from += CHUNK) {
            int count = (int) Math.min(CHUNK, size() - from);
            read(Buffer.VALUES, from, bytes.clear().limit(4 * count).asFloatBuffer());
            digest.update(bytes);
        }
        return Sha256.hex(digest);
    }
}
