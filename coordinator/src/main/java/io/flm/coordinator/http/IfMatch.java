package io.flm.coordinator.http;

import akka.http.javadsl.model.HttpHeader;
import akka.http.javadsl.model.HttpRequest;
import io.flm.data.UserException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;

/**
 * The header {@code If-Match} of an order (RFC 9110, section 13.1.1): the run must still be as one of its tags says. A weak tag never
 * fits, as the comparison is strong; {@code *} always does, since there is a run to look at, if only an idle one.
 */
final class IfMatch {
    /** One tag, or what is between two: commas and spaces. */
    private static final Pattern PART = Pattern.compile("(W/)?\"([\\x21\\x23-\\x7e\\x80-\\xff]*)\"|[ \\t]*,[ \\t]*");

    private IfMatch() {}

    /**
     * The strong tags of a request; empty: it takes any.
     *
     * @throws UserException if the header is none
     */
    static Optional<List<String>> tags(HttpRequest request) {
        List<String> lines = StreamSupport.stream(request.getHeaders().spliterator(), false)
                .filter(header -> header.is("if-match"))
                .map(HttpHeader::value)
                .toList();
        String given = String.join(",", lines).strip();
        return lines.isEmpty() || given.equals("*") ? Optional.empty() : Optional.of(strong(given));
    }

    private static List<String> strong(String given) {
        List<String> tags = new ArrayList<>();
        Matcher part = PART.matcher(given);
        boolean separated = true;
        boolean any = false;
        int at = 0;
        for (; at < given.length() && part.region(at, given.length()).lookingAt(); at = part.end()) {
            boolean isTag = part.group(2) != null;
            if (isTag && !separated) {
                break;
            }
            separated = !isTag;
            any |= isTag;
            if (isTag && part.group(1) == null) {
                tags.add(part.group(2));
            }
        }
        if (at < given.length() || !any) {
            throw new UserException("If-Match: give the ETag of GET /api/v1/run as it is, in quotation marks, or *");
        }
        return tags;
    }
}
