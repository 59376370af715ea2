package io.flm.worker.torch;

/** What the bridge to a host's torch tells beyond DJL's natives: see bridge.cpp. Only there on {@link TorchRoute.Kind#HOST}. */
final class HostTorch {
    private HostTorch() {}

    /** Loads CUDA's half of torch. Returns what is missing, or an empty string. */
    static native String loadCuda();

    /** The CUDA devices that torch sees. */
    static native int cudaDevices();

    /** Bytes: free on a CUDA device, and of it. */
    static native long[] cudaMemory(int device);

    /** Gives a module's attribute {@code generator} a random number generator of a CUDA device. */
    static native void setGenerator(long module, int device);

    /** A float32 tensor in page-locked memory of the host, which CUDA copies without a detour. */
    static native long pinned(long floats);
}
