package io.flm.coordinator.http;

import akka.http.javadsl.model.ContentTypes;
import akka.http.javadsl.model.HttpEntities;
import akka.http.javadsl.model.HttpResponse;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/**
 * The interface of a node as an OpenAPI document, {@code openapi.json} beside this class: a test holds it against the routes. What
 * opens the node is the node's own: whether it wants a token, and what its cookie is called.
 */
final class OpenApi {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final byte[] document;

    /**
     * @param tokenWanted whether requests without one are refused
     * @param cookie the name of a sign-in's cookie
     */
    OpenApi(boolean tokenWanted, String cookie) {
        try (InputStream in = OpenApi.class.getResourceAsStream("openapi.json")) {
            if (in == null) {
                throw new IllegalStateException("openapi.json is not in the program");
            }
            ObjectNode read = (ObjectNode) JSON.readTree(in);
            if (tokenWanted) {
                ArrayNode security = read.withArray("security");
                security.remove(0); // {}: nothing is asked for
            }
            ((ObjectNode) read.at("/components/securitySchemes/cookie")).put("name", cookie);
            document = JSON.writeValueAsBytes(read);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    HttpResponse document() {
        return HttpResponse.create().withEntity(HttpEntities.create(ContentTypes.APPLICATION_JSON, document));
    }
}
