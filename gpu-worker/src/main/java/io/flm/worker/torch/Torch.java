package io.flm.worker.torch;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.JniUtils;
import io.flm.data.UserException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** The PyTorch engine of this process: its start, its devices, and the settings that it keeps for each thread. */
public final class Torch {
    private Torch() {}

    /** The engine, started at the first call on the {@link TorchRoute} in force. */
    public static Engine engine() {
        TorchRoute.inForce().start();
        return Engine.getEngine("PyTorch");
    }

    /**
     * The devices that a setting names.
     *
     * @param setting {@code auto} (all CUDA devices, or else the CPU), {@code cpu}, or a list such as {@code cuda:0,cuda:1}
     */
    public static List<Device> devices(String setting) {
        int gpus = setting.equals("cpu") ? 0 : cudaDevices();
        List<Device> devices = new ArrayList<>();
        for (String name : setting.split(",", -1)) {
            String device = name.strip();
            if (device.equals("cpu") || (device.equals("auto") && gpus == 0)) {
                devices.add(Device.cpu());
            } else if (device.equals("auto")) {
                for (int i = 0; i < gpus; i++) {
                    devices.add(Device.gpu(i));
                }
            } else if (device.matches("cuda:\\d{1,3}")) {
                int index = Integer.parseInt(device.substring("cuda:".length()));
                if (index >= gpus) {
                    throw new UserException("--devices " + setting + ": there is no " + device + " (" + gpus
                            + " CUDA devices seen); give auto, cpu, or see `flm doctor` (flm.worker.devices)");
                }
                devices.add(Device.gpu(index));
            } else {
                throw new UserException("--devices " + setting + ": \"" + device
                        + "\" is not a device; give auto, cpu, or a list such as cuda:0,cuda:1 (flm.worker.devices)");
            }
        }
        return devices;
    }

    private static int cudaDevices() {
        TorchRoute route = TorchRoute.inForce();
        route.start();
        return route.cudaDevices();
    }

    /** The name of a device as users write it. */
    public static String name(Device device) {
        return device.isGpu() ? "cuda:" + device.getDeviceId() : "cpu";
    }

    /** Settings that libtorch keeps for each thread: called first by every thread that computes. */
    public static void prepareThread(int intraOpThreads) {
        engine();
        JniUtils.setNumThreads(intraOpThreads);
        JniUtils.setGraphExecutorOptimize(false); // no profiling runs, no re-specialisation when shapes change
        JniUtils.setGradMode(false);
    }

    /** Turns recording for autograd on or off for this thread. */
    public static void record(boolean on) {
        JniUtils.setGradMode(on);
    }

    /** A root of arrays on a device; what is made under it lives until it is closed. */
    public static NDManager newManager(Device device) {
        return engine().newBaseManager(device);
    }

    /** The memory of a contiguous array on the CPU: what is written here is what the engine reads. */
    public static ByteBuffer memory(NDArray array) {
        return JniUtils.getByteBuffer((PtNDArray) array, true).order(ByteOrder.nativeOrder());
    }

    /**
     * Float32 values in the host's memory that a device's are copied to and from: page-locked where this program can have that,
     * which makes CUDA's copies several times as fast.
     */
    public static NDArray staging(NDManager scope, long size) {
        return TorchRoute.inForce().kind() == TorchRoute.Kind.HOST
                ? new PtNDArray((PtNDManager) scope, HostTorch.pinned(size))
                : scope.zeros(new Shape(size), DataType.FLOAT32, Device.cpu());
    }

    /** A view of a range of a flat array. */
    public static NDArray view(NDManager scope, NDArray flat, long from, long... shape) {
        long size = 1;
        for (long s : shape) {
            size *= s;
        }
        try (NDArray range = JniUtils.slice((PtNDArray) flat, 0, from, from + size, 1)) {
            NDArray view = JniUtils.reshape((PtNDArray) range, shape);
            view.detach();
            view.attach(scope);
            return view;
        }
    }

    /** A view of rows {@code [from, to)}. NDArray's own indexing calls natives that the bridge to a host's torch lacks. */
    public static NDArray rows(NDManager scope, NDArray array, long from, long to) {
        NDArray rows = JniUtils.slice((PtNDArray) array, 0, from, to, 1);
        rows.detach();
        rows.attach(scope);
        return rows;
    }
}
