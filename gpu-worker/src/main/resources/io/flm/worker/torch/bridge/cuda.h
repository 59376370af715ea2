// CUDA, found when the program starts and not when the bridge is compiled: the bridge of a login node without a GPU serves the
// nodes that have one, and no CUDA headers are needed.
#pragma once

#include <ATen/Context.h>
#include <dlfcn.h>
#include <stdlib.h>

#include <string>
#include <vector>

namespace flm {

// A step gives the same bits each time only where torch uses its deterministic algorithms, of attention's backward above all.
// For these torch wants cuBLAS's variable to be set. It looks once, here. Were the variable still there later, torch would parse
// it again for each matrix product, which takes longer than starting the product; and it gives cuBLAS a workspace of its own for
// each stream anyway, which is what the variable is for.
inline void fix_order_of_sums() {
    constexpr auto variable = "CUBLAS_WORKSPACE_CONFIG";
    auto& context = at::globalContext();
    setenv(variable, ":4096:8", /* overwrite */ 1);
    context.setDeterministicAlgorithms(true, /* warn only */ false);
    context.setDeterministicFillUninitializedMemory(false); // nothing here reads what it did not write
    context.alertCuBLASConfigNotDeterministic(); // looks, and remembers
    unsetenv(variable);
}

// Loads CUDA's half of torch. Returns what is missing, or nothing.
inline std::string load_cuda() {
    for (const char* library : {"libcuda.so.1", "libtorch_cuda.so"}) { // the driver's; then torch's, beside what the bridge links
        if (!dlopen(library, RTLD_NOW | RTLD_GLOBAL)) return dlerror();
    }
    static const bool fixed = (fix_order_of_sums(), true);
    (void)fixed;
    return "";
}

// A function of CUDA's runtime library, which came with libtorch_cuda. Status 0 is success.
template <class F>
F* runtime_function(const char* name) {
    void* function = dlsym(RTLD_DEFAULT, name);
    TORCH_CHECK(function, "CUDA's runtime library has no ", name);
    return reinterpret_cast<F*>(function);
}

// Bytes: free on the device, of the device.
inline std::vector<int64_t> cuda_memory(int32_t device) {
    auto devices = static_cast<int32_t>(at::getNumGPUs());
    TORCH_CHECK(device >= 0 && device < devices, "there is no CUDA device ", device, " (", devices, " seen)");
    int before = 0;
    size_t free = 0, total = 0;
    auto set_device = runtime_function<int(int)>("cudaSetDevice");
    int status = runtime_function<int(int*)>("cudaGetDevice")(&before);
    if (status == 0) status = set_device(device);
    if (status == 0) status = runtime_function<int(size_t*, size_t*)>("cudaMemGetInfo")(&free, &total);
    set_device(before);
    TORCH_CHECK(status == 0, "CUDA device ", device, " does not tell its memory: status ", status);
    return {static_cast<int64_t>(free), static_cast<int64_t>(total)};
}

} // namespace flm
