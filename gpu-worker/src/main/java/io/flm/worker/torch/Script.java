package io.flm.worker.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.pytorch.jni.ScriptBridge;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/**
 * A compiled TorchScript class; its methods are called by name. Arguments are arrays, {@link Params}, lists of arrays, or
 * numbers; the Java type must match the declared one (int and long: int; float and double: float). Safe to share between
 * threads. Results belong to the scope that is given.
 */
public final class Script implements AutoCloseable {
    /** Arrays whose native list is made once, for arguments that every call of a layer repeats. */
    public static final class Params implements AutoCloseable {
        private final List<NDArray> arrays;
        private final long handle;

        public Params(List<NDArray> arrays) {
            this.arrays = List.copyOf(arrays);
            this.handle = ScriptBridge.ofTensors(handles(arrays));
        }

        public List<NDArray> arrays() {
            return arrays;
        }

        @Override
        public void close() {
            ScriptBridge.delete(handle);
        }
    }

    private final PtSymbolBlock module;
    private final long handle;

    /**
     * Compiles. The class declares {@code training : bool} and {@code generator : Optional[Generator]}; the latter is there on a
     * CUDA device of a host's own torch.
     *
     * @param path where errors place the source: {@code flm.kernels} is shown as {@code flm/kernels.py}
     */
    public Script(NDManager owner, String path, String className, String source) {
        byte[] archive = ScriptArchive.of(path, className, source);
        try {
            module = JniUtils.loadModule((PtNDManager) owner, new ByteArrayInputStream(archive), true, false);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // memory does not fail
        }
        handle = module.getHandle();
        if (owner.getDevice().isGpu() && TorchRoute.inForce().kind() == TorchRoute.Kind.HOST) {
            HostTorch.setGenerator(handle, owner.getDevice().getDeviceId());
        }
    }

    /** Calls a method that returns a tensor. */
    public NDArray call(NDManager scope, String method, Object... arguments) {
        long result = invoke(method, arguments);
        try {
            return new PtNDArray((PtNDManager) scope, ScriptBridge.toTensor(result));
        } finally {
            ScriptBridge.delete(result);
        }
    }

    /** Calls a method that returns a list of tensors. */
    public List<NDArray> callList(NDManager scope, String method, Object... arguments) {
        long result = invoke(method, arguments);
        try {
            List<NDArray> arrays = new ArrayList<>();
            for (long tensor : ScriptBridge.toTensors(result)) {
                arrays.add(new PtNDArray((PtNDManager) scope, tensor));
            }
            return arrays;
        } finally {
            ScriptBridge.delete(result);
        }
    }

    /** Calls a method that returns a float. */
    public double callNumber(String method, Object... arguments) {
        long result = invoke(method, arguments);
        try {
            return ScriptBridge.toDouble(result);
        } finally {
            ScriptBridge.delete(result);
        }
    }

    /** Calls a method for its effect. */
    public void run(String method, Object... arguments) {
        ScriptBridge.delete(invoke(method, arguments));
    }

    private long invoke(String method, Object... arguments) {
        long[] values = new long[arguments.length];
        try {
            for (int i = 0; i < arguments.length; i++) {
                values[i] = value(arguments[i]);
            }
            return ScriptBridge.run(handle, method, values);
        } finally {
            for (int i = 0; i < arguments.length; i++) {
                if (values[i] != 0 && !(arguments[i] instanceof Params)) {
                    ScriptBridge.delete(values[i]);
                }
            }
        }
    }

    private static long value(Object argument) {
        if (argument instanceof Params p) {
            return p.handle;
        }
        if (argument instanceof PtNDArray a) {
            return ScriptBridge.ofTensor(a.getHandle());
        }
        if (argument instanceof Integer || argument instanceof Long) {
            return ScriptBridge.ofLong(((Number) argument).longValue());
        }
        if (argument instanceof Float || argument instanceof Double) {
            return ScriptBridge.ofDouble(((Number) argument).doubleValue());
        }
        if (argument instanceof long[] numbers) {
            return ScriptBridge.ofLongs(numbers);
        }
        if (argument instanceof List<?> arrays) {
            return ScriptBridge.ofTensors(handles(arrays));
        }
        throw new IllegalArgumentException(
                "a script cannot take a " + argument.getClass().getName());
    }

    private static long[] handles(List<?> arrays) {
        return arrays.stream().mapToLong(a -> ((PtNDArray) a).getHandle()).toArray();
    }

    @Override
    public void close() {
        module.close();
    }
}
