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
}
