package ai.djl.pytorch.jni;

/**
 * What calling a TorchScript method needs of DJL's native library. DJL keeps these package-private, so this one class lives in
 * DJL's package. Handles belong to the caller: each value goes to {@link #delete} once, each tensor becomes an NDArray.
 */
public final class ScriptBridge {
    private static final PyTorchLibrary LIB = PyTorchLibrary.LIB;

    private ScriptBridge() {}

    /** Runs a method; autograd records where the thread's gradient mode is on. A script error carries file, line and caret. */
    public static long run(long module, String method, long[] values) {
        return LIB.moduleRunMethod(module, method, values, true, false);
    }

    public static long ofTensor(long tensor) {
        return LIB.iValueFromTensor(tensor);
    }

    public static long ofTensors(long[] tensors) {
        return LIB.iValueFromTensorList(tensors);
    }

    public static long ofLong(long value) {
        return LIB.iValueFromLong(value);
    }

    public static long ofLongs(long[] values) {
        return LIB.iValueFromLongList(values);
    }

    public static long ofDouble(double value) {
        return LIB.iValueFromDouble(value);
    }

    public static long toTensor(long value) {
        return LIB.iValueToTensor(value);
    }

    public static long[] toTensors(long value) {
        return LIB.iValueToTensorList(value);
    }

    public static double toDouble(long value) {
        return LIB.iValueToDouble(value);
    }

    public static void delete(long value) {
        LIB.torchDeleteIValue(value);
    }
}
