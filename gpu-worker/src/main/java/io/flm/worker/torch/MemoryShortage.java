package io.flm.worker.torch;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Tells a want of memory from other errors: DJL has one exception for all that the engine says, scripts wrap a traceback around it. */
public final class MemoryShortage {
    private static final Pattern OF_ENGINE = Pattern.compile("DefaultCPUAllocator: [^\\n]*? bytes"
            + "|CUDA out of memory\\.(?:[^\\n]*? is free)?"
            + "|CUDA error: out of memory"
            + "|CUBLAS_STATUS_ALLOC_FAILED");

    private MemoryShortage() {}

    /** What was wanted and what to do, in one line; empty where neither the error nor a cause of it is a want of memory. */
    public static Optional<String> of(Throwable thrown) {
        for (Throwable e = thrown; e != null; e = e.getCause()) {
            String message = String.valueOf(e.getMessage());
            if (e instanceof OutOfMemoryError) {
                return Optional.of(
                        message.contains("heap") || message.contains("GC overhead") ? ofHeap(message) : line(message));
            }
            Matcher engine = OF_ENGINE.matcher(message);
            if (engine.find()) {
                return Optional.of(line(engine.group()));
            }
        }
        return Optional.empty();
    }

    /** What lies in the JVM's heap has nothing to do with the model. */
    private static String ofHeap(String what) {
        return "out of memory (" + what + "): start with a larger heap, as by JAVA_TOOL_OPTIONS=-Xmx"
                + 2 * (Runtime.getRuntime().maxMemory() >> 20)
                + "m, or set flm.data.cache-size or flm.data.prefetch lower";
    }

    private static String line(String what) {
        return "out of memory (" + what
                + "): set flm.train.recompute = on, give fewer workers for this machine or a smaller"
                + " flm.train.micro-batch, or use a machine with more memory";
    }
}
