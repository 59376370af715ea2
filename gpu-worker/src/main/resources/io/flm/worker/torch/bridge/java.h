// How values cross between Java and C++. A native is an ordinary function of C++ values; Java<T> says how Java passes a T and
// which letters stand for it in a signature. So a registered signature cannot disagree with its function.
#pragma once

#include <jni.h>
#include <torch/script.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace flm {

// A Java exception is already pending: unwind to Java without another one.
struct Pending {};

// A direct java.nio.ByteBuffer: memory that Java owns (as an argument) or borrows (as a result).
struct Buffer {
    void* address;
    int64_t size; // bytes
};

// A copy of a tensor's values, as a byte[].
struct Bytes {
    at::Tensor host;
};

// Any other Java object: its class is part of the native's signature.
struct JavaSet {
    JNIEnv* env;
    jobject object;
};
struct JavaInputStream {
    JNIEnv* env;
    jobject object;
};
struct JavaBytes {
    JNIEnv* env;
    jbyteArray array;
};

// A TorchScript value or module that Java holds; Java deletes each handle exactly once.
template <class T>
T& at_handle(jlong handle) {
    return *reinterpret_cast<T*>(handle);
}

template <class T>
jlong new_handle(T value) {
    return reinterpret_cast<jlong>(new T(std::move(value)));
}

template <class T>
struct Java;

// ---- numbers -------------------------------------------------------------------------------------------------------

template <class T, class J>
struct Number {
    using type = J;
    static T from(JNIEnv*, J value) { return static_cast<T>(value); }
    static J to(JNIEnv*, T value) { return static_cast<J>(value); }
};

template <> struct Java<void> { using type = void; static constexpr auto letters = "V"; };
template <> struct Java<bool> : Number<bool, jboolean> { static constexpr auto letters = "Z"; };
template <> struct Java<int32_t> : Number<int32_t, jint> { static constexpr auto letters = "I"; };
template <> struct Java<int64_t> : Number<int64_t, jlong> { static constexpr auto letters = "J"; };
template <> struct Java<float> : Number<float, jfloat> { static constexpr auto letters = "F"; };
template <> struct Java<double> : Number<double, jdouble> { static constexpr auto letters = "D"; };

// ---- handles -------------------------------------------------------------------------------------------------------

template <class T>
struct Handle {
    using type = jlong;
    static constexpr auto letters = "J";
    static T& from(JNIEnv*, jlong handle) { return at_handle<T>(handle); }
    static jlong to(JNIEnv*, T value) { return new_handle(std::move(value)); }
};

template <> struct Java<at::Tensor&> : Handle<at::Tensor> {};
template <> struct Java<at::Tensor> : Handle<at::Tensor> {};
template <> struct Java<c10::IValue&> : Handle<c10::IValue> {};
template <> struct Java<c10::IValue> : Handle<c10::IValue> {};
template <> struct Java<torch::jit::Module&> : Handle<torch::jit::Module> {};
template <> struct Java<torch::jit::Module> : Handle<torch::jit::Module> {};

// No tensor is the handle 0.
template <>
struct Java<std::optional<at::Tensor>> {
    using type = jlong;
    static constexpr auto letters = "J";
    static jlong to(JNIEnv*, std::optional<at::Tensor> value) { return value ? new_handle(*std::move(value)) : 0; }
};

// ---- arrays --------------------------------------------------------------------------------------------------------

template <>
struct Java<std::vector<int64_t>> {
    using type = jlongArray;
    static constexpr auto letters = "[J";
    static std::vector<int64_t> from(JNIEnv* env, jlongArray array) {
        std::vector<int64_t> values(env->GetArrayLength(array));
        env->GetLongArrayRegion(array, 0, static_cast<jsize>(values.size()), reinterpret_cast<jlong*>(values.data()));
        return values;
    }
    static jlongArray to(JNIEnv* env, const std::vector<int64_t>& values) {
        auto size = static_cast<jsize>(values.size());
        jlongArray array = env->NewLongArray(size);
        if (!array) throw Pending();
        env->SetLongArrayRegion(array, 0, size, reinterpret_cast<const jlong*>(values.data()));
        return array;
    }
};

template <>
struct Java<std::vector<double>> {
    using type = jdoubleArray;
    static constexpr auto letters = "[D";
    static std::vector<double> from(JNIEnv* env, jdoubleArray array) {
        std::vector<double> values(env->GetArrayLength(array));
        env->GetDoubleArrayRegion(array, 0, static_cast<jsize>(values.size()), values.data());
        return values;
    }
};

template <class T>
struct Handles {
    using type = jlongArray;
    static constexpr auto letters = "[J";
    static std::vector<T> from(JNIEnv* env, jlongArray array) {
        std::vector<T> values;
        for (auto handle : Java<std::vector<int64_t>>::from(env, array)) values.push_back(at_handle<T>(handle));
        return values;
    }
    static jlongArray to(JNIEnv* env, const std::vector<T>& values) {
        std::vector<int64_t> handles;
        for (const T& value : values) handles.push_back(new_handle(value));
        return Java<std::vector<int64_t>>::to(env, handles);
    }
};

template <> struct Java<std::vector<at::Tensor>> : Handles<at::Tensor> {};
template <> struct Java<std::vector<c10::IValue>> : Handles<c10::IValue> {};

template <>
struct Java<Bytes> {
    using type = jbyteArray;
    static constexpr auto letters = "[B";
    static jbyteArray to(JNIEnv* env, const Bytes& bytes) {
        if (bytes.host.nbytes() > static_cast<size_t>(INT32_MAX)) throw std::length_error("a tensor of over 2 GiB fits no byte[]");
        auto size = static_cast<jsize>(bytes.host.nbytes());
        jbyteArray array = env->NewByteArray(size);
        if (!array) throw Pending();
        env->SetByteArrayRegion(array, 0, size, static_cast<const jbyte*>(bytes.host.const_data_ptr()));
        return array;
    }
};

// ---- objects -------------------------------------------------------------------------------------------------------

template <>
struct Java<std::string> {
    using type = jstring;
    static constexpr auto letters = "Ljava/lang/String;";
    static std::string from(JNIEnv* env, jstring string) {
        const char* characters = env->GetStringUTFChars(string, nullptr);
        if (!characters) throw Pending();
        std::string copy(characters);
        env->ReleaseStringUTFChars(string, characters);
        return copy;
    }
    static jstring to(JNIEnv* env, const std::string& string) { return env->NewStringUTF(string.c_str()); }
};

template <>
struct Java<std::vector<std::string>> {
    using type = jobjectArray;
    static constexpr auto letters = "[Ljava/lang/String;";
    static jobjectArray to(JNIEnv* env, const std::vector<std::string>& strings) {
        auto size = static_cast<jsize>(strings.size());
        jobjectArray array = env->NewObjectArray(size, env->FindClass("java/lang/String"), nullptr);
        if (!array) throw Pending();
        for (jsize i = 0; i < size; i++) env->SetObjectArrayElement(array, i, env->NewStringUTF(strings[i].c_str()));
        return array;
    }
};

template <>
struct Java<Buffer> {
    using type = jobject;
    static constexpr auto letters = "Ljava/nio/ByteBuffer;";
    static Buffer from(JNIEnv* env, jobject buffer) {
        void* address = env->GetDirectBufferAddress(buffer);
        if (!address) throw std::invalid_argument("the buffer is not a direct one");
        return {address, env->GetDirectBufferCapacity(buffer)};
    }
    static jobject to(JNIEnv* env, Buffer buffer) { return env->NewDirectByteBuffer(buffer.address, buffer.size); }
};

template <>
struct Java<JavaSet> {
    using type = jobject;
    static constexpr auto letters = "Ljava/util/Set;";
    static JavaSet from(JNIEnv* env, jobject object) { return {env, object}; }
};

template <>
struct Java<JavaInputStream> {
    using type = jobject;
    static constexpr auto letters = "Ljava/io/InputStream;";
    static JavaInputStream from(JNIEnv* env, jobject object) { return {env, object}; }
};

template <>
struct Java<JavaBytes> {
    using type = jbyteArray;
    static constexpr auto letters = "[B";
    static JavaBytes from(JNIEnv* env, jbyteArray array) { return {env, array}; }
};

// ---- what DJL encodes as numbers -----------------------------------------------------------------------------------

// ai.djl.ndarray.types.DataType by ordinal; Undefined where torch has no such type.
constexpr at::ScalarType DATA_TYPES[] = {
    at::kFloat, at::kDouble, at::kHalf, at::kByte, at::kInt, at::kChar, at::kLong, at::kBool, at::kComplexFloat,
    at::ScalarType::Undefined, at::ScalarType::Undefined, at::kBFloat16, at::kUInt64, at::kUInt32, at::kUInt16, at::kShort};
constexpr jint UNKNOWN_TYPE = 9;

template <>
struct Java<at::ScalarType> {
    using type = jint;
    static constexpr auto letters = "I";
    static at::ScalarType from(JNIEnv*, jint ordinal) { return DATA_TYPES[ordinal]; }
    static jint to(JNIEnv*, at::ScalarType scalar) {
        for (jint i = 0; i < static_cast<jint>(std::size(DATA_TYPES)); i++) {
            if (DATA_TYPES[i] == scalar) return i;
        }
        return UNKNOWN_TYPE;
    }
};

// {kind, index}: kind 0 is the CPU, 1 CUDA; index -1 where it does not matter.
template <>
struct Java<at::Device> {
    using type = jintArray;
    static constexpr auto letters = "[I";
    static at::Device from(JNIEnv* env, jintArray array) {
        jint kindAndIndex[2];
        env->GetIntArrayRegion(array, 0, 2, kindAndIndex);
        if (kindAndIndex[0] == 0) return at::kCPU;
        return {at::kCUDA, static_cast<at::DeviceIndex>(std::max(kindAndIndex[1], 0))};
    }
    static jintArray to(JNIEnv* env, at::Device device) {
        jint kindAndIndex[] = {device.is_cuda() ? 1 : 0, device.is_cuda() ? device.index() : -1};
        jintArray array = env->NewIntArray(2);
        if (!array) throw Pending();
        env->SetIntArrayRegion(array, 0, 2, kindAndIndex);
        return array;
    }
};

// ---- natives -------------------------------------------------------------------------------------------------------

inline void throw_java(JNIEnv* env, const char* message) {
    if (!env->ExceptionCheck()) env->ThrowNew(env->FindClass("ai/djl/engine/EngineException"), message);
}

// A native as the JVM registers it.
struct Native {
    std::string name;
    std::string signature;
    void* function;
};

// What the JVM calls for a function F: arguments are converted, C++ exceptions become Java's.
template <class F, class Signature>
struct Entry;

template <class F, class R, class... A>
struct Entry<F, R (F::*)(A...) const> {
    static typename Java<R>::type call(JNIEnv* env, jobject, typename Java<A>::type... arguments) {
        try {
            if constexpr (std::is_void_v<R>) {
                F{}(Java<A>::from(env, arguments)...);
                return;
            } else {
                return Java<R>::to(env, F{}(Java<A>::from(env, arguments)...));
            }
        } catch (const Pending&) {
        } catch (const c10::Error& e) {
            throw_java(env, e.what_without_backtrace());
        } catch (const std::exception& e) {
            throw_java(env, e.what()); // a script's error carries file, line and caret
        }
        return typename Java<R>::type();
    }

    static std::string signature() {
        std::string letters = "(";
        ((letters += Java<A>::letters), ...);
        return letters + ")" + Java<R>::letters;
    }
};

template <class F>
Native native(const char* name, F) {
    using E = Entry<F, decltype(&F::operator())>;
    return {name, E::signature(), reinterpret_cast<void*>(&E::call)};
}

inline bool register_natives(JNIEnv* env, const char* type, const std::vector<Native>& natives) {
    jclass owner = env->FindClass(type);
    if (!owner) return false;
    std::vector<JNINativeMethod> methods;
    for (const Native& n : natives) {
        methods.push_back({const_cast<char*>(n.name.c_str()), const_cast<char*>(n.signature.c_str()), n.function});
    }
    return env->RegisterNatives(owner, methods.data(), static_cast<jint>(methods.size())) == JNI_OK;
}

} // namespace flm
