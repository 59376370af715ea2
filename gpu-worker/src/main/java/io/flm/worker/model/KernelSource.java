package io.flm.worker.model;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The TorchScript sources that lie beside the model's classes. */
final class KernelSource {
    private static final String KERNELS = "kernels.py";
    private static final Pattern METHOD = Pattern.compile("^  def (\\w+)\\(", Pattern.MULTILINE);
    private static final Pattern CALL = Pattern.compile("self\\.(\\w+)\\(");

    private KernelSource() {}

    /** All kernels. */
    static String kernels() {
        return read(KERNELS);
    }

    /**
     * A class with what it calls of the kernels, and nothing else of them: what a server's libtorch compiles need not know the operators
     * of training.
     *
     * @param file the class; its own methods come before kernels of their name
     * @param method one more
     */
    static String with(String file, String method) {
        String own = read(file) + method;
        Map<String, String> kernels = methods(kernels());
        Set<String> known = new TreeSet<>(methods(own).keySet());
        StringBuilder source = new StringBuilder(own);
        Deque<String> unread = new ArrayDeque<>();
        unread.add(own);
        while (!unread.isEmpty()) {
            Matcher call = CALL.matcher(unread.remove());
            while (call.find()) {
                if (known.add(call.group(1))) {
                    String kernel = kernels.get(call.group(1));
                    if (kernel == null) {
                        throw new IllegalStateException(file + " calls " + call.group(1) + ", which is no kernel");
                    }
                    source.append('\n').append(kernel);
                    unread.add(kernel);
                }
            }
        }
        return source.toString();
    }

    /** By name, each up to the next one; the lines between sections are comments. */
    private static Map<String, String> methods(String source) {
        Map<String, String> methods = new LinkedHashMap<>();
        Matcher method = METHOD.matcher(source);
        String name = "";
        int from = 0;
        while (method.find()) {
            methods.put(name, source.substring(from, method.start()));
            name = method.group(1);
            from = method.start();
        }
        methods.put(name, source.substring(from));
        methods.remove("");
        return methods;
    }

    private static String read(String file) {
        try (InputStream in = KernelSource.class.getResourceAsStream(file)) {
            if (in == null) {
                throw new IllegalStateException(file + " is not beside the model's class");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
