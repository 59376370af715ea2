package io.flm.worker.torch;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** The pickle of a TorchScript module: its class, and its attributes one by one, as libtorch's own archives have them. */
public final class ScriptPickle {
    private static final int PROTO = 0x80;
    private static final int NEWOBJ = 0x81;
    private static final int TUPLE1 = 0x85;
    private static final int NEWTRUE = 0x88;
    private static final int NEWFALSE = 0x89;
    private static final int LONG1 = 0x8a;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    /**
     * Begins a module.
     *
     * @param module the Python module path of its class
     */
    ScriptPickle(String module, String className) {
        out.write(PROTO);
        out.write(2);
        global("__torch__." + module, className);
        out.write(')'); // EMPTY_TUPLE
        out.write(NEWOBJ);
        out.writeBytes(ascii("}(")); // EMPTY_DICT MARK
    }

    void none(String name) {
        text(name);
        out.write('N');
    }

    void bool(String name, boolean value) {
        text(name);
        out.write(value ? NEWTRUE : NEWFALSE);
    }

    /** An {@code int}. */
    public ScriptPickle number(String name, long value) {
        text(name);
        integer(value);
        return this;
    }

    /** A {@code float}. */
    public ScriptPickle number(String name, double value) {
        text(name);
        out.write('G'); // BINFLOAT, big-endian
        out.writeBytes(ByteBuffer.allocate(8).putDouble(value).array());
        return this;
    }

    /**
     * A {@code List[Tensor]} of float32: the values of the i-th lie in the archive's {@code data/i}.
     *
     * @param shapes of the tensors
     */
    void tensors(String name, List<long[]> shapes) {
        text(name);
        global("torch.jit._pickle", "build_tensorlist");
        out.writeBytes(ascii("](")); // EMPTY_LIST MARK
        for (int i = 0; i < shapes.size(); i++) {
            tensor(i, shapes.get(i));
        }
        out.write('e'); // APPENDS
        out.write(TUPLE1);
        out.write('R'); // REDUCE
    }

    private void tensor(int number, long[] shape) {
        global("torch._utils", "_rebuild_tensor_v2");
        out.writeBytes(ascii("((")); // MARK MARK
        text("storage");
        global("torch", "FloatStorage");
        text(String.valueOf(number));
        text("cpu");
        integer(Arrays.stream(shape).reduce(1, Math::multiplyExact));
        out.writeBytes(ascii("tQ")); // TUPLE BINPERSID
        integer(0);
        long[] strides = new long[shape.length];
        long stride = 1;
        for (int i = shape.length - 1; i >= 0; i--) {
            strides[i] = stride;
            stride *= shape[i];
        }
        integers(shape);
        integers(strides);
        out.write(NEWFALSE); // no gradient
        global("collections", "OrderedDict");
        out.writeBytes(ascii(")RtR")); // EMPTY_TUPLE REDUCE TUPLE REDUCE
    }

    private void integers(long[] values) {
        out.write('(');
        for (long value : values) {
            integer(value);
        }
        out.write('t');
    }

    private void integer(long value) {
        if (value == (int) value) {
            out.write('J'); // BININT
            out.writeBytes(little(4).putInt((int) value).array());
        } else {
            out.write(LONG1);
            out.write(8);
            out.writeBytes(little(8).putLong(value).array());
        }
    }

    private void text(String text) {
        byte[] bytes = ascii(text);
        out.write('X'); // BINUNICODE
        out.writeBytes(little(4).putInt(bytes.length).array());
        out.writeBytes(bytes);
    }

    private void global(String module, String name) {
        out.writeBytes(ascii("c" + module + "\n" + name + "\n"));
    }

    private static ByteBuffer little(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static byte[] ascii(String s) {
        return s.getBytes(StandardCharsets.US_ASCII);
    }

    /** The whole pickle. */
    byte[] end() {
        out.writeBytes(ascii("ub.")); // SETITEMS BUILD STOP
        return out.toByteArray();
    }
}
