package io.flm.launch.doctor;

import ai.djl.Device;
import io.flm.worker.model.FlmModel.Compute;
import io.flm.worker.model.Precision;
import io.flm.worker.parity.Parity;
import io.flm.worker.parity.Parity.Check;
import io.flm.worker.torch.Torch;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The parity part of {@code flm doctor}: how far this machine's numbers are from those of the official implementation. The
 * tolerances are those of fp32; bf16 keeps 8 bits of a fraction, so its distance is measured and not judged.
 */
public final class GoldenCheck {
    private final List<Check> checks;
    private final boolean judged;

    private GoldenCheck(List<Check> checks, boolean judged) {
        this.checks = checks;
        this.judged = judged;
    }

    /**
     * Compares everything that the folder has data for.
     *
     * @param devices such as {@code auto}; the first of them is checked
     * @param threads intra-op threads
     */
    public static GoldenCheck of(Path folder, String devices, Precision precision, int threads) {
        Torch.prepareThread(threads);
        Device device = Torch.devices(devices).get(0);
        List<Check> checks = Parity.check(folder, new Compute(device, precision, false));
        return new GoldenCheck(checks, precision == Precision.FP32);
    }

    public boolean passed() {
        return checks.stream().allMatch(this::passed);
    }

    private boolean passed(Check check) {
        return judged ? check.passed() : Double.isFinite(check.error());
    }

    /** For a reader: a line for each group. */
    public String render() {
        StringBuilder text = new StringBuilder();
        text.append(String.format(
                "%-52s %-10s %s%n", "parity, largest relative error", "error", judged ? "allowed" : "in fp32"));
        for (Check check : checks) {
            if (check.tensors() == 0) {
                text.append(String.format("%-52s not there: not compared%n", check.group()));
                continue;
            }
            text.append(String.format(
                    Locale.ROOT,
                    "%-52s %-10.1e %-10.0e %s%n",
                    check.group(),
                    check.error(),
                    check.tolerance(),
                    verdict(check)));
        }
        return text.toString();
    }

    private String verdict(Check check) {
        if (!passed(check)) {
            return "BEYOND: " + check.worst();
        }
        return (judged ? "ok, " : "measured, ") + check.tensors() + " compared";
    }

    /** For a program. */
    public List<Map<String, Object>> toList() {
        return checks.stream()
                .map(check -> {
                    Map<String, Object> map = new LinkedHashMap<>();
                    map.put("group", check.group());
                    // JSON has no word for NaN
                    map.put("error", Double.isFinite(check.error()) ? check.error() : String.valueOf(check.error()));
                    map.put("tolerance", check.tolerance());
                    map.put("worst", check.worst());
                    map.put("compared", check.tensors());
                    map.put("passed", passed(check));
                    return map;
                })
                .toList();
    }
}
