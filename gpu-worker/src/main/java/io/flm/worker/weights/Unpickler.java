package io.flm.worker.weights;

import io.flm.data.UserException;
import io.flm.worker.checkpoint.TensorType;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Reads a pickle of torch.save or of TorchScript: tensors, plain containers, texts and numbers. A pickle is a program for a small
 * stack machine (Python's {@code pickletools.py}), which may ask for any function of any module to be called. Here none is:
 * what it may ask for is the list in {@link #call}, each made by this class, and whoever asks for something else is refused by
 * name. That a class is only named runs nothing: checkpoints of Lightning have classes as keys.
 *
 * <p>The machine has no recursion and no loop, and the values that a pickle makes or copies are counted, so it ends in time and memory
 * that follow from its length.
 *
 * <p>What comes of it: {@link Tensor}, {@link Module}, Map, List, {@link Tuple}, String, Long, BigInteger, Double, Boolean,
 * byte[], {@link Global}, {@link #NONE}.
 */
final class Unpickler {
    /** Python's None. */
    static final Object NONE = new Object() {
        @Override
        public String toString() {
            return "None";
        }
    };

    private static final int MOST_VALUES = 2_000_000;
    private static final int MOST_DIMENSIONS = 64; // torch's own bound
    private static final Object MARK = new Object();
    private static final String TORCH_SCRIPT = "__torch__.";

    /** A class or function by name. */
    record Global(String module, String name) {
        @Override
        public String toString() {
            return module + "." + name;
        }
    }

    /** Equal to none but itself, so it may be a key whatever it holds. */
    static final class Tuple {
        private final List<Object> items;

        private Tuple(List<Object> items) {
            this.items = Collections.unmodifiableList(items);
        }

        List<Object> items() {
            return items;
        }
    }

    /** An object of a TorchScript program: its parameters, buffers and modules by name. */
    record Module(Map<Object, Object> attributes) {}

    /** Values in an entry of their own; tensors may share one. */
    record Storage(String key, TensorType type, long count) {}

    /** @param offset and strides in values */
    record Tensor(Storage storage, long offset, long[] shape, long[] strides) {}

    private final Path file;
    private final ByteBuffer in;
    private final List<Object> stack = new ArrayList<>();
    private final Map<Long, Object> memo = new HashMap<>();
    private long values; // that were made, or copied

    private Unpickler(Path file, byte[] pickle) {
        this.file = file;
        this.in = ByteBuffer.wrap(pickle).order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * What a pickle holds.
     *
     * @param file for messages
     */
    static Object read(Path file, byte[] pickle) {
        return new Unpickler(file, pickle).run();
    }

    private Object run() {
        while (true) {
            int code = take(1).get() & 0xff;
            if (code == '.') {
                return pop();
            }
            step(code);
        }
    }

    private void step(int code) {
        switch (code) {
            case 0x80 -> protocol(take(1).get() & 0xff);
            case 0x95 -> take(8); // a frame: only for who reads ahead
            case '(' -> push(MARK);
            case '0' -> pop();
            case '1' -> toMark();
            case '2' -> push(top());
            case 'N' -> push(NONE);
            case 0x88 -> push(true);
            case 0x89 -> push(false);
            case 'J' -> push((long) take(4).getInt());
            case 'K' -> push(take(1).get() & 0xffL);
            case 'M' -> push(take(2).getShort() & 0xffffL);
            case 0x8a -> push(integer(take(1).get() & 0xff));
            case 'G' -> push(take(8).order(ByteOrder.BIG_ENDIAN).getDouble());
            case 'X' -> push(text(length(4)));
            case 0x8c -> push(text(length(1)));
            case 0x8d -> push(text(length(8)));
            case 'T' -> push(text(length(4)));
            case 'U' -> push(text(length(1)));
            case 'B' -> push(bytes(length(4)));
            case 'C' -> push(bytes(length(1)));
            case 0x8e -> push(bytes(length(8)));
            case ')' -> push(new Tuple(List.of()));
            case 't' -> push(new Tuple(toMark()));
            case 0x85 -> push(new Tuple(pop(1)));
            case 0x86 -> push(new Tuple(pop(2)));
            case 0x87 -> push(new Tuple(pop(3)));
            case ']', 0x8f -> push(new ArrayList<>());
            case 'l', 0x91 -> push(toMark());
            case 'a' -> append(pop(1));
            case 'e', 0x90 -> append(toMark());
            case '}' -> push(new LinkedHashMap<>());
            case 'd' -> push(put(new LinkedHashMap<>(), toMark()));
            case 's' -> setItems(pop(2));
            case 'u' -> setItems(toMark());
            case 'c' -> push(new Global(line(), line()));
            case 0x93 -> stackGlobal();
            case 'R', 0x81 -> reduce();
            case 'b' -> build();
            case 'q' -> remember(take(1).get() & 0xffL);
            case 'r' -> remember(take(4).getInt() & 0xffff_ffffL);
            case 0x94 -> remember(memo.size());
            case 'h' -> recall(take(1).get() & 0xffL);
            case 'j' -> recall(take(4).getInt() & 0xffff_ffffL);
            case 'Q' -> push(storage(pop()));
            default ->
                throw refused(String.format(
                        Locale.ROOT,
                        "its pickle has operation 0x%02x at byte %d, which no weights need",
                        code,
                        in.position() - 1));
        }
    }

    private void protocol(int version) {
        if (version < 2 || version > 5) {
            throw damaged("its pickle has protocol " + version);
        }
    }

    // ---- the stack

    private void push(Object value) {
        count(1);
        stack.add(value);
    }

    /** A few bytes may ask for a copy of all that was made before, and do so again and again. */
    private void count(long made) {
        values += made;
        if (values > MOST_VALUES) {
            throw refused("its pickle makes more than " + MOST_VALUES + " values");
        }
    }

    private Object top() {
        if (stack.isEmpty() || stack.get(stack.size() - 1) == MARK) {
            throw damaged("its pickle takes what it never made");
        }
        return stack.get(stack.size() - 1);
    }

    private Object pop() {
        Object top = top();
        stack.remove(stack.size() - 1);
        return top;
    }

    private List<Object> pop(int count) {
        List<Object> items = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            items.add(pop());
        }
        Collections.reverse(items);
        return items;
    }

    /** What lies above the last mark, which goes. */
    private List<Object> toMark() {
        int mark = stack.lastIndexOf(MARK);
        if (mark < 0) {
            throw damaged("its pickle takes what it never made");
        }
        List<Object> above = stack.subList(mark + 1, stack.size());
        List<Object> items = new ArrayList<>(above);
        above.clear();
        stack.remove(mark);
        return items;
    }

    private void remember(long number) {
        memo.put(number, top());
        if (memo.size() > values) {
            throw damaged("its pickle names a value more than once");
        }
    }

    private void recall(long number) {
        Object value = memo.get(number);
        if (value == null) {
            throw damaged("its pickle takes what it never made");
        }
        push(value);
    }

    // ---- containers

    @SuppressWarnings("unchecked")
    private static List<Object> list(Object value) {
        return (List<Object>) value;
    }

    @SuppressWarnings("unchecked")
    private static Map<Object, Object> map(Object value) {
        return (Map<Object, Object>) value;
    }

    private void append(List<Object> items) {
        if (!(top() instanceof List<?>)) {
            throw damaged("its pickle adds to what is no list");
        }
        list(top()).addAll(items);
    }

    private void setItems(List<Object> items) {
        if (!(top() instanceof Map<?, ?>)) {
            throw damaged("its pickle adds to what is no dictionary");
        }
        put(map(top()), items);
    }

    private Map<Object, Object> put(Map<Object, Object> into, List<Object> items) {
        if (items.size() % 2 != 0) {
            throw damaged("its pickle has a key without a value");
        }
        for (int i = 0; i < items.size(); i += 2) {
            Object key = items.get(i);
            if (key instanceof List<?> || key instanceof Map<?, ?> || key instanceof Module) {
                throw damaged("its pickle has a container as a key"); // whose hash may have no end
            }
            into.put(key, items.get(i + 1));
        }
        return into;
    }

    // ---- objects

    private void stackGlobal() {
        List<Object> names = pop(2);
        if (!(names.get(0) instanceof String module) || !(names.get(1) instanceof String name)) {
            throw damaged("its pickle names a class by what is no text");
        }
        push(new Global(module, name));
    }

    private void reduce() {
        Object arguments = pop();
        Object called = pop();
        if (!(called instanceof Global global) || !(arguments instanceof Tuple tuple)) {
            throw damaged("its pickle calls what is no function");
        }
        push(call(global, tuple.items()));
    }

    /** All that a pickle may have made. */
    private Object call(Global function, List<Object> a) {
        return switch (function.toString()) {
            case "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor" -> tensor(a);
            case "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state" ->
                argument(a, 0, Tensor.class);
            case "torch._tensor._rebuild_from_type_v2" -> { // a tensor that has attributes, too
                Global rebuild = argument(a, 0, Global.class);
                if (rebuild.equals(function)) {
                    throw damaged("its pickle makes an object of other things than it is made of");
                }
                yield call(rebuild, argument(a, 2, Tuple.class).items());
            }
            case "collections.OrderedDict" -> ordered(a);
            case "collections.defaultdict" -> new LinkedHashMap<>();
            case "torch.Size" -> argument(a, 0, Tuple.class);
            case "torch.device" -> argument(a, 0, String.class);
            case "_codecs.encode" -> {
                String text = argument(a, 0, String.class);
                count(text.length() / Long.BYTES);
                yield text.getBytes(StandardCharsets.ISO_8859_1);
            }
            case "builtins.set", "__builtin__.set", "builtins.frozenset", "__builtin__.frozenset" -> {
                List<Object> items = list(argument(a, 0, List.class));
                count(items.size());
                yield new ArrayList<>(items);
            }
            case "torch.jit._pickle.build_intlist",
                    "torch.jit._pickle.build_doublelist",
                    "torch.jit._pickle.build_boollist",
                    "torch.jit._pickle.build_tensorlist" -> argument(a, 0, List.class);
            case "torch.jit._pickle.restore_type_tag" -> argument(a, 0, Object.class);
            default -> {
                if (function.toString().startsWith(TORCH_SCRIPT)) {
                    yield new Module(new LinkedHashMap<>());
                }
                throw refused("its pickle makes a " + function
                        + ", which is no tensor and no plain container; nothing of it was run");
            }
        };
    }

    private Object ordered(List<Object> a) {
        Map<Object, Object> made = new LinkedHashMap<>();
        if (!a.isEmpty()) {
            List<Object> pairs = list(argument(a, 0, List.class));
            count(pairs.size());
            for (Object pair : pairs) {
                List<Object> items =
                        pair instanceof Tuple t ? t.items() : pair instanceof List<?> ? list(pair) : List.of();
                if (items.size() != 2) {
                    throw damaged("its pickle has a key without a value");
                }
                put(made, items);
            }
        }
        return made;
    }

    /** The state of an object, which it was made without. Of a dictionary that is what torch knows of its modules: versions. */
    private void build() {
        Object state = pop();
        Object object = top();
        if (object instanceof Module module && state instanceof Map<?, ?> attributes) {
            count(attributes.size());
            module.attributes().putAll(map(attributes));
        } else if (!(object instanceof Map<?, ?>)) {
            throw refused("its pickle gives a state to what has none");
        }
    }

    private <T> T argument(List<Object> arguments, int index, Class<T> type) {
        if (index >= arguments.size() || !type.isInstance(arguments.get(index))) {
            throw damaged("its pickle makes an object of other things than it is made of");
        }
        return type.cast(arguments.get(index));
    }

    private Storage storage(Object id) {
        if (!(id instanceof Tuple tuple)
                || tuple.items().size() < 5
                || !"storage".equals(tuple.items().get(0))) {
            throw damaged("its pickle has values of an unknown kind");
        }
        Global type = argument(tuple.items(), 1, Global.class);
        long count = argument(tuple.items(), 4, Long.class);
        if (count < 0) {
            throw damaged("its pickle has " + count + " values");
        }
        return new Storage(argument(tuple.items(), 2, String.class), type(type), count);
    }

    private TensorType type(Global type) {
        return switch (type.name()) {
            case "DoubleStorage" -> TensorType.F64;
            case "FloatStorage" -> TensorType.F32;
            case "HalfStorage" -> TensorType.F16;
            case "BFloat16Storage" -> TensorType.BF16;
            case "LongStorage" -> TensorType.I64;
            case "IntStorage" -> TensorType.I32;
            case "ShortStorage" -> TensorType.I16;
            case "CharStorage" -> TensorType.I8;
            case "ByteStorage" -> TensorType.U8;
            case "BoolStorage" -> TensorType.BOOL;
            default ->
                throw new UserException(file + ": its pickle has values of the unknown type " + type
                        + "; save its tensors as floats, with .float(), or leave them out");
        };
    }

    private Tensor tensor(List<Object> a) {
        requireAsStored(a);
        count(argument(a, 2, Tuple.class).items().size()
                + argument(a, 3, Tuple.class).items().size());
        long[] shape = extents(argument(a, 2, Tuple.class));
        long[] strides = extents(argument(a, 3, Tuple.class));
        Tensor tensor = new Tensor(argument(a, 0, Storage.class), argument(a, 1, Long.class), shape, strides);
        try {
            long last = tensor.offset();
            long count = 1;
            if (shape.length != strides.length || last < 0) {
                throw damaged("its pickle has a tensor of no shape");
            }
            for (int i = 0; i < shape.length; i++) {
                count = Math.multiplyExact(count, shape[i]);
                last = Math.addExact(last, Math.multiplyExact(Math.max(0, shape[i] - 1), strides[i]));
            }
            if (count > 0 && last >= tensor.storage().count()) {
                throw damaged("its pickle has a tensor of value " + last + " of "
                        + tensor.storage().count());
            }
            return tensor;
        } catch (ArithmeticException e) {
            throw damaged("its pickle has a tensor of more values than there are numbers");
        }
    }

    /** Beside a view torch may write that its values are to be negated where they are read: {@code {"neg": True}}. */
    private void requireAsStored(List<Object> a) {
        if (a.size() > 6 && a.get(6) != NONE && !(a.get(6) instanceof Map<?, ?> kept && kept.isEmpty())) {
            throw new UserException(
                    file + ": its pickle has a tensor whose values are not those that are stored, such as a"
                            + " negated view; save each with .resolve_neg()");
        }
    }

    private long[] extents(Tuple tuple) {
        if (tuple.items().size() > MOST_DIMENSIONS) {
            throw damaged("its pickle has a tensor of " + tuple.items().size() + " dimensions");
        }
        long[] extents = new long[tuple.items().size()];
        for (int i = 0; i < extents.length; i++) {
            extents[i] = argument(tuple.items(), i, Long.class);
            if (extents[i] < 0) {
                throw damaged("its pickle has a tensor of no shape");
            }
        }
        return extents;
    }

    // ---- bytes

    private ByteBuffer take(int count) {
        if (in.remaining() < count) {
            throw damaged("its pickle was cut");
        }
        ByteBuffer taken = in.slice(in.position(), count).order(ByteOrder.LITTLE_ENDIAN);
        in.position(in.position() + count);
        return taken;
    }

    private int length(int bytes) {
        ByteBuffer of = take(bytes);
        long length = bytes == 1 ? of.get() & 0xffL : bytes == 4 ? of.getInt() & 0xffff_ffffL : of.getLong();
        if (length < 0 || length > in.remaining()) {
            throw damaged("its pickle was cut");
        }
        return (int) length;
    }

    private byte[] bytes(int count) {
        byte[] bytes = new byte[count];
        take(count).get(bytes);
        return bytes;
    }

    private String text(int count) {
        return new String(bytes(count), StandardCharsets.UTF_8);
    }

    /** Signed, little-endian. */
    private Object integer(int count) {
        byte[] bytes = bytes(count);
        for (int i = 0; i < count / 2; i++) {
            byte b = bytes[i];
            bytes[i] = bytes[count - 1 - i];
            bytes[count - 1 - i] = b;
        }
        BigInteger value = count == 0 ? BigInteger.ZERO : new BigInteger(bytes);
        return value.bitLength() < Long.SIZE ? (Object) value.longValue() : value;
    }

    private String line() {
        int start = in.position();
        while (take(1).get() != '\n') {
            // up to the end of the line
        }
        byte[] bytes = new byte[in.position() - 1 - start];
        in.get(start, bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private UserException damaged(String how) {
        return new UserException(file + ": no whole file of torch.save: " + how + "; take another copy");
    }

    /** Nothing is done with the file, and what to do is said for whoever trusts it. */
    private UserException refused(String why) {
        return new UserException(file + ": " + why
                + "; if you trust it, keep its weights alone with Python: torch.save(torch.load(FILE,"
                + " weights_only=False)[\"state_dict\"], OTHER)");
    }
}
