// The native half of DJL's PyTorchLibrary (0.36.0) on a host's own torch, 2.7 or later; compiled once on that host against its
// headers (see BridgeBuild.java). It has what a trainer of TorchScript methods calls. A native that is missing here fails in Java
// with an UnsatisfiedLinkError that names it: add a line below.
#include "cuda.h"
#include "java.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <torch/csrc/jit/runtime/graph_executor.h>

#include <sstream>

namespace flm {
namespace {

using at::Device;
using at::ScalarType;
using at::Tensor;
using c10::IValue;
using torch::jit::Module;
using Longs = std::vector<int64_t>;
using Tensors = std::vector<Tensor>;

at::TensorOptions options(ScalarType type, Device device) { return at::TensorOptions().dtype(type).device(device); }

Tensor with_gradient(Tensor t, bool wanted) { return wanted ? t.requires_grad_(true) : t; }

// ---- settings of the process and of the thread ---------------------------------------------------------------------

void add_features(JavaSet set) {
    JNIEnv* env = set.env;
    jmethodID add = env->GetMethodID(env->FindClass("java/util/Set"), "add", "(Ljava/lang/Object;)Z");
    auto& context = at::globalContext();
    const std::pair<bool, const char*> features[] = {
        {context.hasCUDA(), "CUDA"}, {context.hasCuDNN(), "CUDNN"}, {context.hasMKL(), "MKL"},
        {context.hasMKLDNN(), "MKLDNN"}, {context.hasOpenMP(), "OPENMP"}};
    for (const auto& [present, name] : features) {
        if (present) env->CallBooleanMethod(set.object, add, env->NewStringUTF(name));
        if (env->ExceptionCheck()) throw Pending();
    }
}

std::vector<Native> settings() {
    return {
        native("torchIsGradMode", [] { return c10::GradMode::is_enabled(); }),
        native("torchSetGradMode", [](bool on) { c10::GradMode::set_enabled(on); }),
        native("torchGetNumInteropThreads", []() -> int32_t { return at::get_num_interop_threads(); }),
        native("torchSetNumInteropThreads", [](int32_t n) { at::set_num_interop_threads(n); }),
        native("torchGetNumThreads", []() -> int32_t { return at::get_num_threads(); }),
        native("torchSetNumThreads", [](int32_t n) { at::set_num_threads(n); }),
        native("torchManualSeed", [](int64_t seed) { at::manual_seed(static_cast<uint64_t>(seed)); }),
        native("torchSetBenchmarkCuDNN", [](bool on) { at::globalContext().setBenchmarkCuDNN(on); }),
        native("setGraphExecutorOptimize", [](bool on) { torch::jit::setGraphExecutorOptimize(on); }),
        native("torchShowConfig", [](JavaSet features) { add_features(features); }),
    };
}

// ---- tensors: making, reading, writing -----------------------------------------------------------------------------

// On the CPU the tensor is the buffer's memory, which Java keeps alive as long as the tensor.
Tensor from_buffer(Buffer buffer, Longs shape, ScalarType type, int32_t, Device device, bool gradient) {
    Tensor host = at::from_blob(buffer.address, shape, at::TensorOptions().dtype(type));
    TORCH_CHECK(host.nbytes() <= static_cast<size_t>(buffer.size), "a buffer of ", buffer.size, " bytes for ", host.nbytes());
    return with_gradient(device.is_cpu() ? host : host.to(device), gradient);
}

void write(Tensor& to, Buffer buffer) {
    TORCH_CHECK(to.nbytes() <= static_cast<size_t>(buffer.size), "a buffer of ", buffer.size, " bytes for ", to.nbytes());
    at::NoGradGuard unrecorded;
    to.copy_(at::from_blob(buffer.address, to.sizes(), at::TensorOptions().dtype(to.scalar_type())));
}

Buffer memory(Tensor& t) {
    TORCH_CHECK(t.is_cpu() && t.is_contiguous(), "a direct buffer needs a contiguous tensor on the CPU");
    return {t.data_ptr(), static_cast<int64_t>(t.nbytes())};
}

std::vector<Native> arrays() {
    return {
        native("torchSizes", [](Tensor& t) { return t.sizes().vec(); }),
        native("torchDType", [](Tensor& t) { return t.scalar_type(); }),
        native("torchDevice", [](Tensor& t) { return t.device(); }),
        native("torchLayout", [](Tensor& t) -> int32_t { return t.layout() == at::kStrided ? 0 : t.layout() == at::kSparse ? 1 : 2; }),
        native("torchDeleteTensor", [](Tensor& t) { delete &t; }),
        native("torchDataPtr", [](Tensor& t) { return Bytes{t.detach().cpu().contiguous()}; }),
        native("torchDirectByteBuffer", [](Tensor& t) { return memory(t); }),
        native("torchSet", [](Tensor& t, Buffer values) { write(t, values); }),
        native("torchFromBlob", [](Buffer values, Longs shape, ScalarType type, int32_t layout, Device device, bool gradient) {
            return from_buffer(values, std::move(shape), type, layout, device, gradient);
        }),
        // A conversion that Java asks for is no part of a graph, as in DJL's own library.
        native("torchTo", [](Tensor& t, ScalarType type, Device device) {
            at::NoGradGuard unrecorded;
            return t.to(device, type, /* non_blocking */ false, /* copy */ true);
        }),
        native("torchEmpty", [](Longs s, ScalarType type, int32_t, Device d, bool g) { return with_gradient(at::empty(s, options(type, d)), g); }),
        native("torchZeros", [](Longs s, ScalarType type, int32_t, Device d, bool g) { return with_gradient(at::zeros(s, options(type, d)), g); }),
        native("torchOnes", [](Longs s, ScalarType type, int32_t, Device d, bool g) { return with_gradient(at::ones(s, options(type, d)), g); }),
        native("torchFull", [](Longs s, double x, ScalarType type, int32_t, Device d, bool g) { return with_gradient(at::full(s, x, options(type, d)), g); }),
        native("torchArange", [](float from, float to, float step, ScalarType type, int32_t, Device d, bool g) {
            return with_gradient(at::arange(from, to, step, options(type, d)), g);
        }),
        native("torchNormal", [](double mean, double deviation, Longs s, ScalarType type, int32_t, Device d, bool g) {
            return with_gradient(at::empty(s, options(type, d)).normal_(mean, deviation), g);
        }),
        native("tensorUniform", [](double low, double high, Longs s, ScalarType type, int32_t, Device d, bool g) {
            return with_gradient(at::empty(s, options(type, d)).uniform_(low, high), g);
        }),
    };
}

// ---- tensors: views and the arithmetic that Java may call ----------------------------------------------------------

std::vector<Native> operations() {
    return {
        native("tensorClone", [](Tensor& t) { return t.clone(); }),
        native("torchIsContiguous", [](Tensor& t) { return t.is_contiguous(); }),
        native("torchToContiguous", [](Tensor& t) { return t.contiguous(); }),
        native("torchSlice", [](Tensor& t, int64_t dim, int64_t from, int64_t to, int64_t step) { return t.slice(dim, from, to, step); }),
        native("torchReshape", [](Tensor& t, Longs shape) { return t.reshape(shape); }),
        native("torchPermute", [](Tensor& t, Longs order) { return t.permute(order); }),
        native("torchTranspose", [](Tensor& t, int64_t a, int64_t b) { return t.transpose(a, b); }),
        native("torchUnsqueeze", [](Tensor& t, int64_t dim) { return t.unsqueeze(dim); }),
        native("torchSqueeze", [](Tensor& t) { return t.squeeze(); }),
        native("torchSqueeze", [](Tensor& t, int64_t dim) { return t.squeeze(dim); }),
        native("torchStack", [](Tensors parts, int64_t dim) { return at::stack(parts, dim); }),
        native("torchCat", [](Tensors parts, int64_t dim) { return at::cat(parts, dim); }),
        native("torchGather", [](Tensor& t, Tensor& index, int64_t dim, bool sparse) { return t.gather(dim, index, sparse); }),
        native("torchAdd", [](Tensor& a, Tensor& b) { return a.add(b); }),
        native("torchSub", [](Tensor& a, Tensor& b) { return a.sub(b); }),
        native("torchMul", [](Tensor& a, Tensor& b) { return a.mul(b); }),
        native("torchTrueDivide", [](Tensor& a, Tensor& b) { return a.true_divide(b); }),
        native("torchMatmul", [](Tensor& a, Tensor& b) { return a.matmul(b); }),
        native("torchAddi", [](Tensor& a, Tensor& b) { a.add_(b); }),
        native("torchSubi", [](Tensor& a, Tensor& b) { a.sub_(b); }),
        native("torchMuli", [](Tensor& a, Tensor& b) { a.mul_(b); }),
        native("torchTrueDividei", [](Tensor& a, Tensor& b) { a.true_divide_(b); }),
        native("torchEq", [](Tensor& a, Tensor& b) { return a.eq(b); }),
        native("torchNeq", [](Tensor& a, Tensor& b) { return a.ne(b); }),
        native("torchGt", [](Tensor& a, Tensor& b) { return a.gt(b); }),
        native("torchLt", [](Tensor& a, Tensor& b) { return a.lt(b); }),
        native("contentEqual", [](Tensor& a, Tensor& b) { return a.equal(b); }),
        native("torchAbs", [](Tensor& t) { return t.abs(); }),
        native("torchNeg", [](Tensor& t) { return t.neg(); }),
        native("torchExp", [](Tensor& t) { return t.exp(); }),
        native("torchLog", [](Tensor& t) { return t.log(); }),
        native("torchSqrt", [](Tensor& t) { return t.sqrt(); }),
        native("torchSquare", [](Tensor& t) { return t.square(); }),
        native("torchIsNaN", [](Tensor& t) { return t.isnan(); }),
        native("torchAll", [](Tensor& t) { return t.all(); }),
        native("torchAny", [](Tensor& t) { return t.any(); }),
        native("torchSum", [](Tensor& t) { return t.sum(); }),
        native("torchSum", [](Tensor& t, Longs dims, bool keep) { return t.sum(dims, keep); }),
        native("torchMean", [](Tensor& t) { return t.mean(); }),
        native("torchMean", [](Tensor& t, int64_t dim, bool keep) { return t.mean(dim, keep); }),
        native("torchMax", [](Tensor& t) { return t.max(); }),
        native("torchMin", [](Tensor& t) { return t.min(); }),
        native("torchArgMax", [](Tensor& t, int64_t dim, bool keep) { return t.argmax(dim, keep); }),
        native("torchSoftmax", [](Tensor& t, int64_t dim, ScalarType type) { return t.softmax(dim, type); }),
        native("torchLogSoftmax", [](Tensor& t, int64_t dim, ScalarType type) { return t.log_softmax(dim, type); }),
    };
}

// ---- autograd ------------------------------------------------------------------------------------------------------

std::vector<Native> autograd() {
    return {
        native("torchRequiresGrad", [](Tensor& t) { return t.requires_grad(); }),
        native("torchAttachGrad", [](Tensor& t, bool on) { t.requires_grad_(on); }),
        native("torchDetachGrad", [](Tensor& t) { return t.detach(); }),
        native("torchBackward", [](Tensor& t, Tensor& upstream, bool keepGraph, bool createGraph) { t.backward(upstream, keepGraph, createGraph); }),
        native("torchGrad", [](Tensor& t) { return t.grad().defined() ? std::optional<Tensor>(t.grad()) : std::nullopt; }),
        native("zeroGrad", [](Tensor& t) { t.mutable_grad() = Tensor(); }),
    };
}

// ---- TorchScript ---------------------------------------------------------------------------------------------------

std::string read_all(JavaInputStream in, JavaBytes chunk) {
    JNIEnv* env = in.env;
    jmethodID read = env->GetMethodID(env->GetObjectClass(in.object), "read", "([B)I");
    std::string all;
    for (;;) {
        jint count = env->CallIntMethod(in.object, read, chunk.array);
        if (env->ExceptionCheck()) throw Pending();
        if (count < 0) return all;
        auto at = all.size();
        all.resize(at + count);
        env->GetByteArrayRegion(chunk.array, 0, count, reinterpret_cast<jbyte*>(all.data() + at));
    }
}

std::vector<Native> scripts() {
    return {
        native("moduleLoad", [](JavaInputStream archive, Device device, bool toDevice, JavaBytes chunk, int64_t) {
            std::istringstream bytes(read_all(archive, chunk));
            return torch::jit::load(bytes, toDevice ? std::optional<Device>(device) : std::nullopt);
        }),
        native("torchDeleteModule", [](Module& m) { delete &m; }),
        native("moduleEval", [](Module& m) { m.eval(); }),
        native("moduleTrain", [](Module& m) { m.train(); }),
        native("moduleGetMethodNames", [](Module& m) {
            std::vector<std::string> names;
            for (const auto& method : m.get_methods()) names.push_back(method.name());
            return names;
        }),
        // Autograd records where the thread's gradient mode is on; without `train` nothing can.
        native("moduleRunMethod", [](Module& m, std::string name, std::vector<IValue> arguments, bool train, bool) {
            auto method = m.get_method(name);
            if (train) return method(std::move(arguments));
            c10::InferenceMode inference;
            return method(std::move(arguments));
        }),
        native("iValueFromTensor", [](Tensor& t) { return IValue(t); }),
        native("iValueFromTensorList", [](Tensors tensors) { return IValue(std::move(tensors)); }),
        native("iValueFromBool", [](bool x) { return IValue(x); }),
        native("iValueFromLong", [](int64_t x) { return IValue(x); }),
        native("iValueFromLongList", [](Longs x) { return IValue(std::move(x)); }),
        native("iValueFromDouble", [](double x) { return IValue(x); }),
        native("iValueFromDoubleList", [](std::vector<double> x) { return IValue(std::move(x)); }),
        native("iValueFromString", [](std::string x) { return IValue(std::move(x)); }),
        native("iValueToTensor", [](IValue& v) { return v.toTensor(); }),
        native("iValueToTensorList", [](IValue& v) { return v.toTensorVector(); }),
        native("iValueToBool", [](IValue& v) { return v.toBool(); }),
        native("iValueToLong", [](IValue& v) { return v.toInt(); }),
        native("iValueToDouble", [](IValue& v) { return v.toDouble(); }),
        native("iValueToString", [](IValue& v) { return std::string(v.toStringRef()); }),
        native("iValueGetType", [](IValue& v) { return v.type()->repr_str(); }),
        native("iValueIsTensor", [](IValue& v) { return v.isTensor(); }),
        native("iValueIsTensorList", [](IValue& v) { return v.isTensorList(); }),
        native("torchDeleteIValue", [](IValue& v) { delete &v; }),
    };
}

// ---- what DJL's library lacks --------------------------------------------------------------------------------------

std::vector<Native> host_torch() {
    return {
        native("loadCuda", [] { return load_cuda(); }),
        native("cudaDevices", []() -> int32_t { return static_cast<int32_t>(at::getNumGPUs()); }),
        native("cudaMemory", [](int32_t device) { return cuda_memory(device); }),
        // A generator of its own for each module, so that workers that share a device do not draw from one another's.
        native("setGenerator", [](Module& m, int32_t device) {
            auto& ofDevice = at::globalContext().defaultGenerator(Device(at::kCUDA, static_cast<c10::DeviceIndex>(device)));
            m.setattr("generator", ofDevice.clone());
        }),
        native("pinned", [](int64_t floats) { return at::empty({floats}, at::TensorOptions().dtype(at::kFloat).pinned_memory(true)); }),
    };
}

} // namespace

bool register_all(JNIEnv* env) {
    for (const auto& part : {settings(), arrays(), operations(), autograd(), scripts()}) {
        if (!register_natives(env, "ai/djl/pytorch/jni/PyTorchLibrary", part)) return false;
    }
    return register_natives(env, "io/flm/worker/torch/HostTorch", host_torch());
}

} // namespace flm

extern "C" JNIEXPORT jint JNICALL JNI_OnLoad(JavaVM* vm, void*) {
    JNIEnv* env;
    if (vm->GetEnv(reinterpret_cast<void**>(&env), JNI_VERSION_10) != JNI_OK) return JNI_ERR;
    return flm::register_all(env) ? JNI_VERSION_10 : JNI_ERR; // a pending exception says which native Java does not declare
}
