package io.flm.worker.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.flm.data.RandomStream;
import io.flm.worker.model.ParameterNames.Init;
import io.flm.worker.model.ParameterNames.Unit;
import io.flm.worker.torch.Script;
import io.flm.worker.torch.Script.Params;
import io.flm.worker.torch.Torch;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/**
 * All parameters of a model as views into one flat float32 array, and the AdamW moments in equal layout. The order is stage,
 * then learning-rate factor, then decay, then declaration; so a stage is one range and an optimizer group of it is one range.
 */
public final class ParameterStore {
    /** Where a kernel argument lies. */
    record Range(long offset, long[] shape) {}

    private record Group(RateGroup rate, boolean decay, long from, long size, Params p, Params m, Params v) {}

    private static final long CHUNK = 1 << 20; // floats a copy, so that a copy through the host stays small

    private final Script script;
    private final NDManager owner;
    private final List<Unit> units; // in flat order
    private final List<Parameter> layout = new ArrayList<>();
    private final List<List<Range>> ranges = new ArrayList<>();
    private final List<List<String>> keys = new ArrayList<>();
    private final Map<String, NDArray> views = new HashMap<>();
    private final long[] stageStarts = new long[ParameterNames.STAGES + 1];
    private final NDArray values;
    private final NDArray firstMoments;
    private final NDArray secondMoments;
    private final NDArray step;
    private final NDArray divisor;
    private final List<Group> groups = new ArrayList<>();
    private final List<Params> lent = new ArrayList<>(); // they hold the memory of their arrays until closed

    ParameterStore(Script script, NDManager owner, List<Unit> declared) {
        this.script = script;
        this.owner = owner;
        units = declared.stream()
                .sorted(Comparator.comparingInt(Unit::stage)
                        .thenComparing(Unit::group)
                        .thenComparing(Unit::decay))
                .toList();
        long size = units.stream().mapToLong(Unit::size).sum();
        values = owner.zeros(new Shape(size), DataType.FLOAT32);
        firstMoments = owner.zeros(new Shape(size), DataType.FLOAT32);
        secondMoments = owner.zeros(new Shape(size), DataType.FLOAT32);
        step = owner.zeros(new Shape(), DataType.FLOAT32);
        divisor = owner.ones(new Shape(), DataType.FLOAT32);
        for (int stage = 0; stage < ParameterNames.STAGES; stage++) {
            ranges.add(new ArrayList<>());
            keys.add(new ArrayList<>());
        }
        long at = 0;
        for (Unit unit : units) {
            NDArray view = Torch.view(owner, values, at, unit.packedShape());
            view.setRequiresGradient(true); // a leaf, since it was made with gradient mode off
            views.put(unit.key(), view);
            ranges.get(unit.stage()).add(new Range(at, unit.packedShape()));
            keys.get(unit.stage()).add(unit.key());
            long part = unit.size() / unit.names().size();
            for (String name : unit.names()) {
                layout.add(new Parameter(name, at, unit.shape(), unit.stage(), unit.group(), unit.decay()));
                at += part;
            }
            stageStarts[unit.stage() + 1] = at;
        }
        formGroups();
    }

    private void formGroups() {
        for (int i = 0; i < layout.size(); ) {
            Parameter first = layout.get(i);
            long end = first.offset();
            while (i < layout.size()
                    && layout.get(i).stage() == first.stage()
                    && layout.get(i).group() == first.group()
                    && layout.get(i).decay() == first.decay()) {
                end = layout.get(i).offset() + layout.get(i).size();
                i++;
            }
            long from = first.offset();
            long size = end - from;
            groups.add(new Group(
                    first.group(),
                    first.decay(),
                    from,
                    size,
                    params(values, from, size),
                    params(firstMoments, from, size),
                    params(secondMoments, from, size)));
        }
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
        return stageStarts[ParameterNames.STAGES];
    }

    public int stageCount() {
        return ParameterNames.STAGES;
    }

    public Gradient newGradient() {
        return new Gradient(script, owner, stageStarts, ranges);
    }

    /** The arrays of the units with these keys, as a kernel takes them. */
    Params arguments(List<String> unitKeys) {
        return lent(new Params(unitKeys.stream().map(this::view).toList()));
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

    NDArray view(String key) {
        NDArray view = views.get(key);
        if (view == null) {
            throw new IllegalArgumentException("no parameter " + key);
        }
        return view;
    }

    /** The arrays of a stage's units, in flat order. */
    List<NDArray> stage(int stage) {
        return keys.get(stage).stream().map(this::view).toList();
    }

    /** Sets the initial values, each tensor from its own random stream, and clears the moments. */
    public void initialize(long seed) {
        for (Unit unit : units) {
            NDArray view = view(unit.key()).stopGradient();
            if (unit.init() instanceof Init.Normal n) {
                long key = RandomStream.key(
                        seed, RandomStream.Purpose.WEIGHTS, unit.key().hashCode());
                script.run("normal", view, n.deviation(), key >>> 1);
            } else if (unit.init() instanceof Init.Constant c) {
                script.run("fill", view, c.value());
            }
            view.close();
        }
        script.run("fill", firstMoments, 0.0);
        script.run("fill", secondMoments, 0.0);
    }

    /**
     * One AdamW update. {@code gradient} is divided in place by {@code weight}.
     *
     * <p>The official order is: w -= s * m / (sqrt(v) + eps) with s = lr * sqrt(1 - b2^t) / (1 - b1^t), then w -= lr * decay *
     * w. PyTorch's fused kernel decays first and adds eps to the corrected root, so it gets eps / sqrt(1 - b2^t), lr * (1 - lr *
     * decay) and decay / (1 - lr * decay): the same numbers in exact arithmetic.
     *
     * @param number of this update, from 1
     * @param rate the base learning rate
     * @param weight the sum of the weights of all predictions
     * @return the norm of the divided gradient, before it is clipped. To read it costs an eighth of the update's memory traffic
     */
    public double update(Gradient gradient, long number, double rate, OptimizerSettings o, double weight) {
        double norm = script.callNumber("l2_norm", gradient.flat()) / weight;
        double scale = o.clipNorm() > 0 ? weight * Math.max(1, norm / o.clipNorm()) : weight;
        script.run("fill", step, (double) number);
        script.run("fill", divisor, scale);
        double root = Math.sqrt(1 - Math.pow(o.beta2(), (double) number));
        for (Group g : groups) {
            double lr = rate * o.factor(g.rate());
            double decay = g.decay() ? o.decay() : 0;
            double keep = 1 - lr * decay;
            try (NDArray range = Torch.view(owner, gradient.flat(), g.from(), g.size())) {
                script.run(
                        "adamw",
                        g.p(),
                        List.of(range),
                        g.m(),
                        g.v(),
                        step,
                        divisor,
                        lr * keep,
                        decay / keep,
                        o.beta1(),
                        o.beta2(),
                        o.epsilon() / root);
            }
        }
        return norm;
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
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            ByteBuffer bytes = ByteBuffer.allocate((int) (4 * CHUNK)).order(ByteOrder.LITTLE_ENDIAN);
            for (long from = 0; from < size(); from += CHUNK) {
                int count = (int) Math.min(CHUNK, size() - from);
                read(Buffer.VALUES, from, bytes.clear().limit(4 * count).asFloatBuffer());
                digest.update(bytes);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has SHA-256", e);
        }
    }
}
