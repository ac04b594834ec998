// Drives a steward service with OVHcloud's own Go client and OAuth2 client credentials, as docs/authentication.md has it.
//
//	oauth2 ENDPOINT CLIENT_ID CLIENT_SECRET     prints the account and how it was let in
//	oauth2 ENDPOINT TOKEN                       the same with a token that somebody has
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/ovh/go-ovh/ovh"
	"golang.org/x/oauth2/clientcredentials"
)

func main() {
	var account, method string
	var err error
	if len(os.Args) == 3 {
		account, method, err = withToken(os.Args[1], os.Args[2])
	} else {
		account, method, err = who(os.Args[1], os.Args[2], os.Args[3])
	}
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
	fmt.Println(account, method)
}

func who(endpoint, id, secret string) (string, string, error) {
	config := clientcredentials.Config{
		ClientID:     id,
		ClientSecret: secret,
		TokenURL:     endpoint + "/auth/oauth2/token",
		Scopes:       []string{"all"},
	}
	// The client refuses an id and a secret beside a URL, and takes a token; this one is fetched anew when it ends.
	client, err := ovh.NewAccessTokenClient(endpoint, "fetched by the transport")
	if err != nil {
		return "", "", err
	}
	client.Client = config.Client(context.Background())
	return details(client)
}

func withToken(endpoint, token string) (string, string, error) {
	client, err := ovh.NewAccessTokenClient(endpoint, token)
	if err != nil {
		return "", "", err
	}
	return details(client)
}

func details(client *ovh.Client) (string, string, error) {
	var said struct{ Account, Method string }
	err := client.Get("/auth/details", &said)
	return said.Account, said.Method, err
}
